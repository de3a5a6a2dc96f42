package dev.stardust.hypervisor.virtio.scsi;

import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** What a command answers, big-endian, written from its start on and cut to what was asked for. Reused. */
final class CdReply {
    /** More than the longest answer, which is that of all features. */
    private static final int CAPACITY = 256;

    private final UnsafeBuffer bytes = new UnsafeBuffer(new byte[CAPACITY]);
    private int length;

    void clear() {
        length = 0;
    }

    CdReply u8(int value) {
        bytes.putByte(length, (byte) value);
        length++;
        return this;
    }

    CdReply u16(int value) {
        return u8(value >> 8).u8(value);
    }

    CdReply u32(long value) {
        bytes.putInt(length, (int) value, ByteOrder.BIG_ENDIAN);
        length += Integer.BYTES;
        return this;
    }

    CdReply all(byte[] values) {
        return all(values, 0);
    }

    /** All values but the first {@code skip}. */
    CdReply all(byte[] values, int skip) {
        bytes.putBytes(length, values, skip, values.length - skip);
        length += values.length - skip;
        return this;
    }

    CdReply sense(int sense) {
        Sense.put(bytes, length, sense);
        length += Sense.SIZE;
        return this;
    }

    /** Puts the number of bytes that follow a length field of 1, 2 or 4 bytes at the start into it. */
    CdReply lengthAtStart(int fieldBytes) {
        int following = length - fieldBytes;
        switch (fieldBytes) {
            case 1 -> bytes.putByte(0, (byte) following);
            case 2 -> bytes.putShort(0, (short) following, ByteOrder.BIG_ENDIAN);
            default -> bytes.putInt(0, following, ByteOrder.BIG_ENDIAN);
        }
        return this;
    }

    /** Keeps at most what the command has room for; returns that it is good. */
    int cutTo(long allocationLength) {
        length = (int) Math.min(length, allocationLength);
        return Sense.NONE;
    }

    int length() {
        return length;
    }

    DirectBuffer bytes() {
        return bytes;
    }
}
