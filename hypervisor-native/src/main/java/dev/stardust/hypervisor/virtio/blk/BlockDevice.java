package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A virtio block device, section 5.2, on a {@link BlockBackend}, which the caller closes.
 *
 * <pre>
 *  request: readable                                          writable
 *  0        4          8          16                          0             last
 *  +--------+----------+----------+---------------------+     +-------------+--------+
 *  | type   | reserved | sector   | data to be written  |     | data read   | status |
 *  +--------+----------+----------+---------------------+     +-------------+--------+
 * </pre>
 */
public final class BlockDevice implements VirtioDevice {
    /** Bytes of a sector, in which requests count whatever the block size. */
    public static final int SECTOR_SIZE = 512;

    /** Bytes of the id that a guest can read. */
    public static final int SERIAL_SIZE = 20;

    static final int DEVICE_ID = 2;
    static final int QUEUE_SIZE = 256;
    static final int HEADER_SIZE = 16;

    static final long F_SIZE_MAX = 1 << 1;
    static final long F_SEG_MAX = 1 << 2;
    static final long F_RO = 1 << 5;
    static final long F_BLK_SIZE = 1 << 6;
    static final long F_FLUSH = 1 << 9;

    static final int T_IN = 0;
    static final int T_OUT = 1;
    static final int T_FLUSH = 4;
    static final int T_GET_ID = 8;

    static final int S_OK = 0;
    static final int S_IOERR = 1;
    static final int S_UNSUPP = 2;

    private static final Logger LOG = LoggerFactory.getLogger(BlockDevice.class);
    private static final int SECTOR_OFFSET = 8;
    private static final int CONFIG_SIZE = 64;
    private static final int SIZE_MAX = 1 << 20;
    private static final int STATUS_SIZE = 1;
    /** A chain is at most as long as its queue, and two of its descriptors are header and status. */
    private static final int SEG_MAX = QUEUE_SIZE - 2;

    private final BlockBackend backend;
    private final boolean readOnly;
    private final long sectors;
    private final UnsafeBuffer serial = new UnsafeBuffer(new byte[SERIAL_SIZE]);
    private final UnsafeBuffer config = new UnsafeBuffer(new byte[CONFIG_SIZE]);
    private final UnsafeBuffer header = new UnsafeBuffer(new byte[HEADER_SIZE]);
    private boolean writeBack;
    private boolean failing;

    /**
     * Makes one.
     *
     * @param serial what the guest reads as the disk's id, at most 20 bytes of ASCII
     * @param readOnly whether writes are refused
     */
    public BlockDevice(BlockBackend backend, String serial, boolean readOnly) {
        byte[] id = serial.getBytes(StandardCharsets.US_ASCII);
        if (id.length > SERIAL_SIZE) {
            throw new IllegalArgumentException("disk serial '" + serial + "' is longer than 20 bytes");
        }
        if (backend.sizeBytes() < 0 || backend.sizeBytes() % SECTOR_SIZE != 0) {
            throw new IllegalArgumentException("a disk of " + backend.sizeBytes() + " bytes is not whole sectors");
        }
        this.backend = backend;
        this.readOnly = readOnly;
        this.serial.putBytes(0, id);
        sectors = backend.sizeBytes() / SECTOR_SIZE;
        config.putLong(0, sectors, ByteOrder.LITTLE_ENDIAN);
        config.putInt(8, SIZE_MAX, ByteOrder.LITTLE_ENDIAN);
        config.putInt(12, SEG_MAX, ByteOrder.LITTLE_ENDIAN);
        config.putInt(20, SECTOR_SIZE, ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public int deviceId() {
        return DEVICE_ID;
    }

    @Override
    public long features() {
        return F_SIZE_MAX | F_SEG_MAX | F_BLK_SIZE | F_FLUSH | (readOnly ? F_RO : 0);
    }

    @Override
    public int queueCount() {
        return 1;
    }

    @Override
    public int queueMaxSize(int queue) {
        return QUEUE_SIZE;
    }

    @Override
    public long readConfig(long offset, int width) {
        long value = 0;
        for (int i = 0; i < width && offset >= 0 && offset + i < CONFIG_SIZE; i++) {
            value |= (long) (config.getByte((int) offset + i) & 0xff) << (i * Byte.SIZE);
        }
        return value;
    }

    @Override
    public void writeConfig(long offset, int width, long value) {
        // No field of this device's configuration can be written.
    }

    @Override
    public void activate(long features) {
        writeBack = (features & F_FLUSH) != 0;
    }

    @Override
    public void reset() {
        writeBack = false;
    }

    @Override
    public long serve(int queue, DescriptorChain chain) {
        chain.readFirst(header, HEADER_SIZE);
        int type = header.getInt(0, ByteOrder.LITTLE_ENDIAN);
        long sector = header.getLong(SECTOR_OFFSET, ByteOrder.LITTLE_ENDIAN);
        int status;
        try {
            status = switch (type) {
                case T_IN -> read(sector, chain);
                case T_OUT -> write(sector, chain);
                case T_FLUSH -> flush();
                case T_GET_ID -> getId(chain);
                default -> S_UNSUPP;
            };
            failing &= status != S_OK;
        } catch (IOException e) {
            status = S_IOERR;
            if (!failing) {
                failing = true;
                LOG.warn("disk {}: request of type {} at sector {} failed", serialText(), type, sector, e);
            }
        }
        chain.writeLast(status);
        boolean filled = status == S_OK && (type == T_IN || type == T_GET_ID);
        return filled ? chain.writableBytes() : STATUS_SIZE;
    }

    private String serialText() {
        return serial.getStringWithoutLengthAscii(0, SERIAL_SIZE).trim();
    }

    private boolean inside(long sector, long bytes) {
        return bytes % SECTOR_SIZE == 0 && sector >= 0 && sector <= sectors && bytes / SECTOR_SIZE <= sectors - sector;
    }

    private int read(long sector, DescriptorChain chain) throws IOException {
        long bytes = chain.writableBytes() - STATUS_SIZE;
        if (bytes < 0 || !inside(sector, bytes)) {
            return S_IOERR;
        }
        long offset = sector * SECTOR_SIZE;
        long end = offset + bytes;
        for (int i = chain.readableCount(); i < chain.count() && offset < end; i++) {
            long length = Math.min(chain.length(i), end - offset);
            readBuffer(chain.memory(), offset, chain.address(i), length);
            offset += length;
        }
        return S_OK;
    }

    private void readBuffer(GuestMemory memory, long offset, long guestAddress, long length) throws IOException {
        long address = memory.checkedAddress(guestAddress, length);
        try {
            for (long done = 0; done < length; done += SIZE_MAX) {
                backend.read(offset + done, address + done, (int) Math.min(SIZE_MAX, length - done));
            }
        } finally {
            // Even a read that failed may have written a part.
            memory.markDirty(guestAddress, length);
        }
    }

    private int write(long sector, DescriptorChain chain) throws IOException {
        long bytes = chain.readableBytes() - HEADER_SIZE;
        if (readOnly || !inside(sector, bytes)) {
            return S_IOERR;
        }
        long offset = sector * SECTOR_SIZE;
        long skip = HEADER_SIZE;
        for (int i = 0; i < chain.readableCount(); i++) {
            long skipped = Math.min(skip, chain.length(i));
            long length = chain.length(i) - skipped;
            skip -= skipped;
            writeBuffer(chain.memory().checkedAddress(chain.address(i) + skipped, length), offset, length);
            offset += length;
        }
        if (!writeBack) {
            // A driver that cannot flush is told that a write is done when it is on stable storage.
            backend.flush();
        }
        return S_OK;
    }

    private void writeBuffer(long address, long offset, long length) throws IOException {
        for (long done = 0; done < length; done += SIZE_MAX) {
            backend.write(offset + done, address + done, (int) Math.min(SIZE_MAX, length - done));
        }
    }

    private int flush() throws IOException {
        backend.flush();
        return S_OK;
    }

    private int getId(DescriptorChain chain) {
        if (chain.writableBytes() < SERIAL_SIZE + STATUS_SIZE) {
            return S_IOERR;
        }
        chain.writeFirst(serial, SERIAL_SIZE);
        return S_OK;
    }

    @Override
    public byte[] save() {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(sectors)
                .array();
    }

    @Override
    public void restore(byte[] state) {
        long saved = state.length == Long.BYTES
                ? ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN).getLong()
                : -1;
        if (saved != sectors) {
            throw new IllegalArgumentException(
                    "the state is of a disk of " + saved + " sectors, this one has " + sectors);
        }
    }
}
