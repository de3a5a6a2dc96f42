package dev.stardust.hypervisor.virtio.blk;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a block device saves; the layout is in {@code docs/formats-virtio.md}.
 *
 * @param sectors size of the disk
 * @param writeBack what the driver chose, or the device showed at first
 */
record BlockState(long sectors, boolean writeBack) {
    private static final int VERSION = 2;
    private static final int SIZE = 16;
    /** Version 1 had no version number: it was the sectors alone. */
    private static final int SIZE_1 = 8;

    byte[] toBytes() {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(VERSION)
                .putInt(writeBack ? 1 : 0)
                .putLong(sectors)
                .array();
    }

    static BlockState parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length == SIZE_1) {
            return new BlockState(in.getLong(), true);
        }
        require(bytes.length >= Integer.BYTES, "it has " + bytes.length + " bytes");
        int version = in.getInt();
        require(version == VERSION, "its version is " + version + ", this program knows 1 and " + VERSION);
        require(bytes.length == SIZE, "it has " + bytes.length + " bytes");
        int writeBack = in.getInt();
        require(writeBack == 0 || writeBack == 1, "its cache mode is " + writeBack);
        return new BlockState(in.getLong(), writeBack == 1);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException("the saved state of a disk cannot be read: " + otherwise);
        }
    }
}
