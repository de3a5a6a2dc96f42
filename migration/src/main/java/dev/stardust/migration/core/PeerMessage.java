package dev.stardust.migration.core;

/**
 * What the two sides tell each other. Messages may be lost, late, doubled or out of order: each is a request to look,
 * or a fact that stays true.
 */
public sealed interface PeerMessage {
    Attempt attempt();

    /** Source: prepare to take the VM. {@code spec} is opaque to the cores. */
    record Offer(Attempt attempt, String spec) implements PeerMessage {}

    /** Target: prepared; {@code session} says how to reach its stream. */
    record Accepted(Attempt attempt, String session) implements PeerMessage {}

    /** Target: will not take it. */
    record Refused(Attempt attempt, String reason) implements PeerMessage {}

    /** Either: still there. */
    record Beat(Attempt attempt, MigrationPhase phase) implements PeerMessage {}

    /** Source: what became of the guest? */
    record Ask(Attempt attempt) implements PeerMessage {}

    /** Target: the commit applied and the guest was started here. */
    record Running(Attempt attempt) implements PeerMessage {}

    /**
     * Target: the commit applied and there is no copy here.
     *
     * @param started whether a guest was or may have been started; if not, the source may take the VM back
     */
    record Gone(Attempt attempt, boolean started, String reason) implements PeerMessage {}

    /** Either: saw that the attempt is aborted. */
    record Aborted(Attempt attempt, String reason) implements PeerMessage {}
}
