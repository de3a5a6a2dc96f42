package dev.stardust.hypervisor.virtio.scsi;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The configuration space of a SCSI host, section 5.6.4. Read and written by vCPU threads; the two sizes that a driver
 * chooses are read by the thread that serves requests.
 *
 * <pre>
 *  0          4         8             12           16           20          24        28        30       32       36
 *  +----------+---------+-------------+------------+------------+-----------+---------+---------+--------+--------+
 *  | queues   | seg_max | max_sectors | cmd_per_lun| event size | sense size| CDB size| channels| targets| LUNs   |
 *  +----------+---------+-------------+------------+------------+-----------+---------+---------+--------+--------+
 * </pre>
 */
final class ScsiConfig {
    static final int DEFAULT_SENSE_SIZE = 96;
    static final int DEFAULT_CDB_SIZE = 32;

    /** Most bytes of sense data, and of a CDB, that a driver may choose. */
    static final int MAX_SIZE = 256;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int SIZE = 36;
    private static final int NUM_QUEUES = 0;
    private static final int SEG_MAX = 4;
    private static final int MAX_SECTORS = 8;
    private static final int CMD_PER_LUN = 12;
    private static final int EVENT_INFO_SIZE = 16;
    private static final int SENSE_SIZE = 20;
    private static final int CDB_SIZE = 24;

    /** Of 512 bytes: 1 MiB. */
    private static final int MOST_SECTORS = 2048;

    private static final int EVENT_SIZE = 16;

    private final UnsafeBuffer bytes = new UnsafeBuffer(new byte[SIZE]);
    private volatile int senseSize;
    private volatile int cdbSize;

    ScsiConfig() {
        bytes.putInt(NUM_QUEUES, 1, LE);
        bytes.putInt(SEG_MAX, ScsiDevice.QUEUE_SIZE - 2, LE);
        bytes.putInt(MAX_SECTORS, MOST_SECTORS, LE);
        bytes.putInt(CMD_PER_LUN, ScsiDevice.QUEUE_SIZE, LE);
        bytes.putInt(EVENT_INFO_SIZE, EVENT_SIZE, LE);
        reset();
    }

    void reset() {
        setSizes(DEFAULT_SENSE_SIZE, DEFAULT_CDB_SIZE);
    }

    /** Whether a driver may choose these. */
    static boolean allows(int senseSize, int cdbSize) {
        return senseSize >= 0 && senseSize <= MAX_SIZE && cdbSize >= Cdb.SIZE && cdbSize <= MAX_SIZE;
    }

    synchronized void setSizes(int newSenseSize, int newCdbSize) {
        senseSize = newSenseSize;
        cdbSize = newCdbSize;
        bytes.putInt(SENSE_SIZE, newSenseSize, LE);
        bytes.putInt(CDB_SIZE, newCdbSize, LE);
    }

    synchronized long read(long offset, int width) {
        long value = 0;
        for (int i = 0; i < width && offset >= 0 && offset + i < SIZE; i++) {
            value |= (long) (bytes.getByte((int) offset + i) & 0xff) << (i * Byte.SIZE);
        }
        return value;
    }

    /** Takes one of the two sizes; a size that is not allowed stays as it was. */
    synchronized void write(long offset, int width, long value) {
        if (width != Integer.BYTES || (offset != SENSE_SIZE && offset != CDB_SIZE)) {
            return;
        }
        int newSense = offset == SENSE_SIZE ? (int) value : senseSize;
        int newCdb = offset == CDB_SIZE ? (int) value : cdbSize;
        if (allows(newSense, newCdb)) {
            setSizes(newSense, newCdb);
        }
    }

    int senseSize() {
        return senseSize;
    }

    int cdbSize() {
        return cdbSize;
    }
}
