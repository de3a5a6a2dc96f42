package dev.stardust.chaos.bench;

import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.ops.demo.GuestLog;
import java.io.IOException;

/** Something that runs the test guest in one of two hosts and moves it to the other while it works. */
interface Contender {
    /** What the report calls it. */
    String name();

    /** Starts a fresh guest; returns once it works. */
    void start() throws IOException;

    /** Its whole serial output since {@link #start}, wherever it ran. */
    GuestLog log() throws IOException;

    /** The host that it is on. */
    Namespace host();

    /** Moves it; returns once it runs in the other host. */
    Moved move() throws IOException;

    /** Ends the guest, nothing when there is none. */
    void end();

    /**
     * What the mover itself reports.
     *
     * @param totalMs from the order to the end
     * @param ramBytes memory sent, as the mover counts it
     * @param diskBytes disk blocks sent
     * @param pausedUs how long the mover says that the guest was paused
     * @param note what else there is to say of it, for the log
     */
    record Moved(long totalMs, long ramBytes, long diskBytes, long pausedUs, String note) {}
}
