package dev.stardust.cluster.protocol;

/**
 * What may cross from one node to another: records whose type is registered in {@link WireTypes}. An actor's own
 * commands that stay on its node need not be one.
 */
public interface ClusterMessage {}
