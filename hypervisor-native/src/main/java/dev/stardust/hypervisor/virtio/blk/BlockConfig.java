package dev.stardust.hypervisor.virtio.blk;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The configuration space of a block device, section 5.2.4, and what follows from it for requests. Read and written by
 * vCPU threads, read by the one that serves requests.
 *
 * <pre>
 *  0           8          12        16         20        24        32        34
 *  +-----------+----------+---------+----------+---------+---------+---------+---------+
 *  | sectors   | size_max | seg_max | geometry | blk_size| topology|writeback| queues  |
 *  +-----------+----------+---------+----------+---------+---------+---------+---------+
 *  36                 40          44           48                   52          56      60
 *  +------------------+-----------+------------+--------------------+-----------+-------+
 *  | discard: sectors | segments  | alignment  | zeroes: sectors    | segments  | unmap |
 *  +------------------+-----------+------------+--------------------+-----------+-------+
 * </pre>
 */
final class BlockConfig {
    static final int WRITEBACK = 32;

    /** Most sectors of one range to be discarded or zeroed, 128 MiB, so that nobody waits long for one. */
    static final int MAX_RANGE_SECTORS = 1 << 18;

    /** Most such ranges of a request. */
    static final int MAX_RANGES = 16;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int SIZE = 60;
    private static final int SIZE_MAX = 8;
    private static final int SEG_MAX = 12;
    private static final int BLK_SIZE = 20;
    private static final int PHYSICAL_BLOCK_EXP = 24;
    private static final int MIN_IO_SIZE = 26;
    private static final int NUM_QUEUES = 34;
    private static final int DISCARD = 36;
    private static final int DISCARD_ALIGNMENT = 44;
    private static final int WRITE_ZEROES = 48;
    private static final int WRITE_ZEROES_MAY_UNMAP = 56;

    /** Sectors are 512 bytes, disks keep blocks of 4 KiB. */
    private static final int BLOCK_EXP = 3;

    private final UnsafeBuffer bytes = new UnsafeBuffer(new byte[SIZE]);
    private volatile long sectors;
    private volatile boolean writeBack = true;

    BlockConfig(long sectors, int queues) {
        setSectors(sectors);
        bytes.putInt(SIZE_MAX, BlockTransfer.PIECE_BYTES, LE);
        // A chain is at most as long as its queue, and two of its descriptors are header and status.
        bytes.putInt(SEG_MAX, BlockDevice.QUEUE_SIZE - 2, LE);
        bytes.putInt(BLK_SIZE, BlockDevice.SECTOR_SIZE, LE);
        bytes.putByte(PHYSICAL_BLOCK_EXP, (byte) BLOCK_EXP);
        bytes.putShort(MIN_IO_SIZE, (short) (1 << BLOCK_EXP), LE);
        bytes.putShort(NUM_QUEUES, (short) queues, LE);
        for (int range : new int[] {DISCARD, WRITE_ZEROES}) {
            bytes.putInt(range, MAX_RANGE_SECTORS, LE);
            bytes.putInt(range + Integer.BYTES, MAX_RANGES, LE);
        }
        bytes.putInt(DISCARD_ALIGNMENT, 1 << BLOCK_EXP, LE);
        bytes.putByte(WRITE_ZEROES_MAY_UNMAP, (byte) 1);
        setWriteBack(true);
    }

    synchronized long read(long offset, int width) {
        long value = 0;
        for (int i = 0; i < width && offset >= 0 && offset + i < SIZE; i++) {
            value |= (long) (bytes.getByte((int) offset + i) & 0xff) << (i * Byte.SIZE);
        }
        return value;
    }

    /** Size of the disk. */
    long sectors() {
        return sectors;
    }

    synchronized void setSectors(long newSectors) {
        sectors = newSectors;
        bytes.putLong(0, newSectors, LE);
    }

    /** Whether the driver sees to it that what it wrote becomes durable. */
    boolean writeBack() {
        return writeBack;
    }

    synchronized void setWriteBack(boolean newWriteBack) {
        writeBack = newWriteBack;
        bytes.putByte(WRITEBACK, (byte) (newWriteBack ? 1 : 0));
    }

    /** Whether a range, whatever its values, lies on the disk. */
    boolean contains(long sector, long count) {
        long size = sectors;
        return sector >= 0 && count >= 0 && sector <= size && count <= size - sector;
    }
}
