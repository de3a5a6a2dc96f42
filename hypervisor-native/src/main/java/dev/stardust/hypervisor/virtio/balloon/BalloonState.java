package dev.stardust.hypervisor.virtio.balloon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a balloon saves; the layout is in {@code docs/formats-virtio.md}. A request under way is no part of it: its driver
 * has no answer yet, so it is served from its start again.
 */
record BalloonState(int numPages, int actual, int poisonVal) {
    static final int SIZE = 4 * Integer.BYTES;

    private static final int VERSION = 1;

    byte[] toBytes() {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(VERSION)
                .putInt(numPages)
                .putInt(actual)
                .putInt(poisonVal)
                .array();
    }

    /**
     * Reads one.
     *
     * @param ramPages pages of the machine's RAM
     * @throws IllegalArgumentException if it is no balloon's or of a machine with more RAM
     */
    static BalloonState parse(byte[] bytes, long ramPages) {
        if (bytes.length != SIZE) {
            throw new IllegalArgumentException("the state of a balloon has " + SIZE + " bytes, not " + bytes.length);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int version = in.getInt();
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "the state of a balloon has version " + version + ", this program knows " + VERSION);
        }
        BalloonState state = new BalloonState(in.getInt(), in.getInt(), in.getInt());
        if (Integer.toUnsignedLong(state.numPages) > ramPages) {
            throw new IllegalArgumentException("its balloon is to hold " + Integer.toUnsignedString(state.numPages)
                    + " pages, this machine has " + ramPages);
        }
        return state;
    }
}
