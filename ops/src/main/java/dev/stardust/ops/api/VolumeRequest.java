package dev.stardust.ops.api;

/**
 * A volume to be made.
 *
 * @param size as people write it, for example 2GiB; null for the usual one
 * @param host name or id of the host that is to have it; null for the one that is asked
 */
public record VolumeRequest(String name, String size, String host) {}
