package dev.stardust.hypervisor.virtio.scsi;

import java.nio.ByteOrder;
import org.agrona.DirectBuffer;

/** A command descriptor block: the operation in its first byte, all else big-endian (SPC-4 section 4.3). */
final class Cdb {
    static final int TEST_UNIT_READY = 0x00;
    static final int REQUEST_SENSE = 0x03;
    static final int INQUIRY = 0x12;
    static final int MODE_SENSE_6 = 0x1a;
    static final int START_STOP_UNIT = 0x1b;
    static final int PREVENT_ALLOW_REMOVAL = 0x1e;
    static final int READ_CAPACITY_10 = 0x25;
    static final int READ_10 = 0x28;
    static final int WRITE_10 = 0x2a;
    static final int SYNCHRONIZE_CACHE_10 = 0x35;
    static final int READ_TOC = 0x43;
    static final int GET_CONFIGURATION = 0x46;
    static final int GET_EVENT_STATUS = 0x4a;
    static final int READ_DISC_INFORMATION = 0x51;
    static final int MODE_SENSE_10 = 0x5a;
    static final int READ_16 = 0x88;
    static final int WRITE_16 = 0x8a;
    static final int SYNCHRONIZE_CACHE_16 = 0x91;
    static final int SERVICE_ACTION_IN_16 = 0x9e;
    static final int REPORT_LUNS = 0xa0;
    static final int READ_12 = 0xa8;
    static final int WRITE_12 = 0xaa;

    /** Longest that a device of ours knows. */
    static final int SIZE = 16;

    private final DirectBuffer bytes;
    private final int start;

    /** A view of the {@link #SIZE} bytes from {@code start} on. */
    Cdb(DirectBuffer bytes, int start) {
        this.bytes = bytes;
        this.start = start;
    }

    int operation() {
        return u8(0);
    }

    int u8(int at) {
        return bytes.getByte(start + at) & 0xff;
    }

    int u16(int at) {
        return bytes.getShort(start + at, ByteOrder.BIG_ENDIAN) & 0xffff;
    }

    long u32(int at) {
        return bytes.getInt(start + at, ByteOrder.BIG_ENDIAN) & 0xffff_ffffL;
    }

    /** All 64 bits, to be taken as unsigned. */
    long u64(int at) {
        return bytes.getLong(start + at, ByteOrder.BIG_ENDIAN);
    }
}
