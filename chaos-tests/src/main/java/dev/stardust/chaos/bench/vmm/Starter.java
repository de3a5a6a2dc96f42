package dev.stardust.chaos.bench.vmm;

import java.io.IOException;

/** Something that starts a guest. */
interface Starter {
    /** What the report calls it. */
    String name();

    /**
     * Starts a guest, takes the time from the order until the first line of its serial output has arrived, in
     * microseconds, and ends it.
     */
    double firstLineUs(Guest guest) throws IOException;
}
