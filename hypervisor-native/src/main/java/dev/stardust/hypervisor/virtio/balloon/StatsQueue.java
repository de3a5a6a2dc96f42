package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The statistics queue, section 5.5.6.3. The driver always leaves one buffer with the device; that it is used asks for
 * new figures. So the buffer is read when it comes, and stays available until the host asks.
 *
 * <pre>
 *  an entry, packed:  0     2             10
 *                     +-----+-------------+
 *                     | tag | value       |
 *                     +-----+-------------+
 * </pre>
 */
final class StatsQueue {
    static final int ENTRY_SIZE = 10;

    /** More entries than there are tags are not read. */
    static final int MAX_ENTRIES = 64;

    private final BalloonMetrics metrics;
    private final UnsafeBuffer entries = new UnsafeBuffer(new byte[MAX_ENTRIES * ENTRY_SIZE]);

    /** By tag; guarded by this. */
    private final long[] values = new long[GuestStats.TAGS];

    /** When they came; 0 if they never did. Guarded by this. */
    private long atMs;

    /** Whether the buffer at hand was read; used by the queue's worker only. */
    private boolean read;

    private volatile boolean asked;

    StatsQueue(BalloonMetrics metrics) {
        this.metrics = metrics;
    }

    /** The driver is to tell its figures anew when the queue is served next. */
    void ask() {
        asked = true;
    }

    /** The last figures, or null before the first. */
    synchronized GuestStats last() {
        return atMs == 0 ? null : GuestStats.of(atMs, values);
    }

    synchronized void reset() {
        read = false;
        asked = false;
        atMs = 0;
    }

    void serve(DeviceQueue requests) {
        DescriptorChain buffer = requests.next();
        if (buffer == null) {
            return;
        }
        if (!read) {
            take(buffer);
            read = true;
            metrics.toldStatistics();
        }
        if (!asked) {
            requests.undo(1);
            return;
        }
        asked = false;
        read = false;
        requests.used(buffer, 0);
        requests.publish();
    }

    private synchronized void take(DescriptorChain buffer) {
        int length = buffer.read(0, entries, entries.capacity());
        Arrays.fill(values, GuestStats.NOT_TOLD);
        for (int at = 0; at + ENTRY_SIZE <= length; at += ENTRY_SIZE) {
            int tag = Short.toUnsignedInt(entries.getShort(at, ByteOrder.LITTLE_ENDIAN));
            if (tag < values.length) {
                values[tag] = entries.getLong(at + Short.BYTES, ByteOrder.LITTLE_ENDIAN) & Long.MAX_VALUE;
            }
        }
        atMs = System.currentTimeMillis();
    }
}
