package dev.stardust.hypervisor.virtio.scsi;

import org.agrona.MutableDirectBuffer;

/** Why a command failed (SPC-4 section 4.5): sense key, additional code and its qualifier in one number. */
final class Sense {
    static final int NONE = 0;
    static final int UNRECOVERED_READ_ERROR = 0x03_11_00;
    static final int INVALID_OPERATION_CODE = 0x05_20_00;
    static final int ADDRESS_OUT_OF_RANGE = 0x05_21_00;
    static final int INVALID_FIELD_IN_CDB = 0x05_24_00;
    static final int UNIT_NOT_SUPPORTED = 0x05_25_00;
    static final int SAVING_NOT_SUPPORTED = 0x05_39_00;
    static final int POWER_ON_OR_RESET = 0x06_29_00;
    static final int WRITE_PROTECTED = 0x07_27_00;

    /** Bytes of sense data in the fixed format. */
    static final int SIZE = 18;

    private static final int CURRENT_FIXED = 0x70;

    private Sense() {}

    /** Writes sense data of {@link #SIZE} bytes in the fixed format. */
    static void put(MutableDirectBuffer into, int at, int sense) {
        into.setMemory(at, SIZE, (byte) 0);
        into.putByte(at, (byte) CURRENT_FIXED);
        into.putByte(at + 2, (byte) (sense >> 16));
        into.putByte(at + 7, (byte) (SIZE - 8));
        into.putByte(at + 12, (byte) (sense >> 8));
        into.putByte(at + 13, (byte) sense);
    }
}
