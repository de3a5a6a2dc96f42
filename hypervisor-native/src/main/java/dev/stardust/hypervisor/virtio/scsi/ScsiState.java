package dev.stardust.hypervisor.virtio.scsi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a SCSI CD saves; the layout is in {@code docs/formats-virtio.md}.
 *
 * @param cdbSize bytes of a CDB, as the driver chose
 * @param senseSize bytes of sense data, as the driver chose
 * @param attention what the next command is to be told, a {@link Sense}
 * @param blocks size of the disc
 */
record ScsiState(int cdbSize, int senseSize, int attention, long blocks) {
    private static final int VERSION = 1;
    private static final int SIZE = 24;

    byte[] toBytes() {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(VERSION)
                .putInt(cdbSize)
                .putInt(senseSize)
                .putInt(attention)
                .putLong(blocks)
                .array();
    }

    static ScsiState parse(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        require(bytes.length >= Integer.BYTES, "it has " + bytes.length + " bytes");
        int version = in.getInt();
        require(version == VERSION, "its version is " + version + ", this program knows " + VERSION);
        require(bytes.length == SIZE, "it has " + bytes.length + " bytes");
        ScsiState state = new ScsiState(in.getInt(), in.getInt(), in.getInt(), in.getLong());
        require(ScsiConfig.allows(state.senseSize, state.cdbSize), "its sizes are " + state);
        boolean known = state.attention == Sense.NONE || state.attention == Sense.POWER_ON_OR_RESET;
        require(known, "its attention is " + state.attention);
        return state;
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException("the saved state of a SCSI CD cannot be read: " + otherwise);
        }
    }
}
