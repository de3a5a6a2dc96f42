package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.limit.RateLimit;
import java.nio.charset.StandardCharsets;

/**
 * How a disk is shown to its guest.
 *
 * @param serial what the guest reads as the disk's id, at most {@value #SERIAL_SIZE} bytes of ASCII
 * @param readOnly whether writes are refused
 * @param queues number of queues, 1 to {@value #MAX_QUEUES}; one for each vCPU is best
 * @param limit what it is allowed at first
 */
public record BlockSettings(String serial, boolean readOnly, int queues, RateLimit limit) {
    /** Bytes of the id that a guest can read. */
    public static final int SERIAL_SIZE = 20;

    /** Most queues that make sense: a guest has no more vCPUs. */
    public static final int MAX_QUEUES = 64;

    public BlockSettings {
        if (!StandardCharsets.US_ASCII.newEncoder().canEncode(serial) || serial.length() > SERIAL_SIZE) {
            throw new IllegalArgumentException(
                    "disk serial '" + serial + "' is longer than " + SERIAL_SIZE + " bytes, or not ASCII");
        }
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new IllegalArgumentException("a disk with " + queues + " queues: give 1 to " + MAX_QUEUES);
        }
    }

    /** A disk with one queue and no limit. */
    public BlockSettings(String serial, boolean readOnly) {
        this(serial, readOnly, 1, RateLimit.NONE);
    }
}
