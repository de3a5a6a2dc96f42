package dev.stardust.hypervisor.virtio;

/** A 64-bit value written as two registers of 32 bits. */
final class Halves {
    private static final long LOW_MASK = 0xffff_ffffL;

    private Halves() {}

    static long withLow(long value, int low) {
        return (value & ~LOW_MASK) | (low & LOW_MASK);
    }

    static long withHigh(long value, int high) {
        return (value & LOW_MASK) | ((long) high << Integer.SIZE);
    }
}
