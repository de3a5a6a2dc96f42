package dev.stardust.hypervisor.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;

/**
 * When a state was saved by the clock on the wall, which hosts share: so that a guest's clock goes on with the right
 * time, however long the state lay about.
 *
 * @param unixNs nanoseconds since 1970 in UTC
 */
record SavedAt(long unixNs) {
    static final int SIZE = Long.BYTES;

    /** Kept below what a guest's signed clock of nanoseconds takes, whatever a damaged state says: ten years. */
    private static final long MOST_NS = TimeUnit.DAYS.toNanos(3652);

    static SavedAt now() {
        Instant now = Instant.now();
        return new SavedAt(TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano());
    }

    static SavedAt read(DirectBuffer in) {
        return new SavedAt(in.getLong(0, ByteOrder.LITTLE_ENDIAN));
    }

    byte[] toBytes() {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(unixNs)
                .array();
    }

    /** Nanoseconds since then; none where the clocks of two hosts disagree or the state is not of our time. */
    long elapsedNs(SavedAt now) {
        long elapsed = now.unixNs - unixNs;
        return elapsed < 0 || elapsed > MOST_NS ? 0 : elapsed;
    }
}
