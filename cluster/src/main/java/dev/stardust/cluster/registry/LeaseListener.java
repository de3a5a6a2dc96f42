package dev.stardust.cluster.registry;

/** Told of this host's own lease, one call after the other. */
public interface LeaseListener {
    /**
     * A renewal is known to have applied.
     *
     * @param untilNs instant of the keeper's clock until which nobody can have taken this host for dead
     */
    void confirmedUntil(long untilNs);

    /**
     * The cluster has ended this host's lease: what it ran may run elsewhere. The keeper asks for a new lease after this
     * call has returned.
     */
    void lost();
}
