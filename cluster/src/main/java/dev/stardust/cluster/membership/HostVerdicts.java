package dev.stardust.cluster.membership;

import org.apache.pekko.actor.Address;

/** Whether the cluster holds a host for dead. */
public interface HostVerdicts {
    /** True only when the registry has ended the lease of the host whose actor system has this address. */
    boolean dead(Address artery);
}
