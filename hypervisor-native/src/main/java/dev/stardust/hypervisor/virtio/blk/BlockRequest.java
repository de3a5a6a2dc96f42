package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import java.io.IOException;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One request of a block device, section 5.2.6: {@link #parse} it, ask about it, {@link #execute} it. One object serves
 * one request after the other and allocates nothing.
 *
 * <pre>
 *  readable                                                   writable
 *  0        4          8          16                          0             last
 *  +--------+----------+----------+---------------------+     +-------------+--------+
 *  | type   | reserved | sector   | data, or ranges     |     | data read   | status |
 *  +--------+----------+----------+---------------------+     +-------------+--------+
 *  range, 16 bytes, of what is to be discarded or zeroed
 *  +-----------------+---------------+----------------------------+
 *  | sector          | sectors, u32  | flags, u32: bit 0 unmap    |
 *  +-----------------+---------------+----------------------------+
 * </pre>
 */
final class BlockRequest {
    static final int HEADER_SIZE = 16;
    static final int RANGE_SIZE = 16;

    static final int T_IN = 0;
    static final int T_OUT = 1;
    static final int T_FLUSH = 4;
    static final int T_GET_ID = 8;
    static final int T_DISCARD = 11;
    static final int T_WRITE_ZEROES = 13;

    static final int S_OK = 0;
    static final int S_IOERR = 1;
    static final int S_UNSUPP = 2;

    static final int FLAG_UNMAP = 1;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int STATUS_SIZE = 1;

    private final BlockBackend backend;
    private final BlockConfig config;
    private final boolean readOnly;
    private final DirectBuffer serial;
    private final UnsafeBuffer header = new UnsafeBuffer(new byte[HEADER_SIZE + BlockConfig.MAX_RANGES * RANGE_SIZE]);
    private boolean durable;
    private DescriptorChain chain;
    private int type;
    private long sector;
    private long bytes;
    private long writtenBytes;

    BlockRequest(BlockBackend backend, BlockConfig config, boolean readOnly, DirectBuffer serial) {
        this.backend = backend;
        this.config = config;
        this.readOnly = readOnly;
        this.serial = serial;
    }

    /**
     * Says whether writes are durable when they are answered, as a driver expects that cannot flush, or chose so.
     *
     * @param canFlush whether the driver knows flushes
     */
    void driverCanFlush(boolean canFlush) {
        durable = !canFlush;
    }

    /**
     * Takes a request in.
     *
     * @throws dev.stardust.hypervisor.virtio.VirtioFaultException if it has no whole header
     */
    void parse(DescriptorChain request) {
        request.readFirst(header, HEADER_SIZE);
        chain = request;
        type = header.getInt(0, LE);
        sector = header.getLong(8, LE);
        bytes = switch (type) {
            case T_IN -> Math.max(0, request.writableBytes() - STATUS_SIZE);
            case T_OUT -> request.readableBytes() - HEADER_SIZE;
            default -> 0;
        };
    }

    int type() {
        return type;
    }

    long sector() {
        return sector;
    }

    /** Bytes that it moves or, once it was executed, that it discarded or zeroed. */
    long bytes() {
        return bytes;
    }

    /** Bytes that answering it wrote into its writable part, its status included. */
    long writtenBytes() {
        return writtenBytes;
    }

    /** Does it; returns the status to answer with, which {@link #answer} writes. */
    int execute() throws IOException {
        return switch (type) {
            case T_IN -> read();
            case T_OUT -> write();
            case T_FLUSH -> flush();
            case T_GET_ID -> getId();
            case T_DISCARD, T_WRITE_ZEROES -> readOnly ? S_UNSUPP : clear();
            default -> S_UNSUPP;
        };
    }

    /**
     * Writes the status.
     *
     * @throws dev.stardust.hypervisor.virtio.VirtioFaultException if there is no room for it
     */
    void answer(int status) {
        chain.writeLast(status);
        boolean filled = status == S_OK && (type == T_IN || type == T_GET_ID);
        writtenBytes = filled ? chain.writableBytes() : STATUS_SIZE;
    }

    private boolean onDisk() {
        return bytes % BlockDevice.SECTOR_SIZE == 0 && config.contains(sector, bytes / BlockDevice.SECTOR_SIZE);
    }

    private int read() throws IOException {
        if (!onDisk()) {
            return S_IOERR;
        }
        BlockTransfer.read(backend, sector * BlockDevice.SECTOR_SIZE, chain, 0, bytes);
        return S_OK;
    }

    private int write() throws IOException {
        if (readOnly || !onDisk()) {
            return S_IOERR;
        }
        BlockTransfer.write(backend, sector * BlockDevice.SECTOR_SIZE, chain, HEADER_SIZE);
        return written();
    }

    private int written() throws IOException {
        if (durable || !config.writeBack()) {
            backend.flush();
        }
        return S_OK;
    }

    private int flush() throws IOException {
        backend.flush();
        return S_OK;
    }

    private int getId() {
        if (chain.writableBytes() < BlockSettings.SERIAL_SIZE + STATUS_SIZE) {
            return S_IOERR;
        }
        chain.writeFirst(serial, BlockSettings.SERIAL_SIZE);
        return S_OK;
    }

    /** Discards or zeroes ranges; none of them before all were found good. */
    private int clear() throws IOException {
        long length = chain.readableBytes() - HEADER_SIZE;
        if (length == 0 || length % RANGE_SIZE != 0 || length > BlockConfig.MAX_RANGES * RANGE_SIZE) {
            return S_IOERR;
        }
        int end = HEADER_SIZE + (int) length;
        chain.readFirst(header, end);
        for (int at = HEADER_SIZE; at < end; at += RANGE_SIZE) {
            int status = checkRange(at);
            if (status != S_OK) {
                return status;
            }
        }
        for (int at = HEADER_SIZE; at < end; at += RANGE_SIZE) {
            clearRange(at);
        }
        return written();
    }

    private int checkRange(int at) {
        int allowedFlags = type == T_WRITE_ZEROES ? FLAG_UNMAP : 0;
        if ((flags(at) & ~allowedFlags) != 0) {
            return S_UNSUPP;
        }
        boolean good = sectors(at) <= BlockConfig.MAX_RANGE_SECTORS && config.contains(firstSector(at), sectors(at));
        return good ? S_OK : S_IOERR;
    }

    private void clearRange(int at) throws IOException {
        long offset = firstSector(at) * BlockDevice.SECTOR_SIZE;
        long length = sectors(at) * BlockDevice.SECTOR_SIZE;
        if (type == T_DISCARD || flags(at) == FLAG_UNMAP) {
            backend.discard(offset, length);
        } else {
            backend.writeZeroes(offset, length);
        }
        bytes += length;
    }

    private long firstSector(int at) {
        return header.getLong(at, LE);
    }

    private long sectors(int at) {
        return Integer.toUnsignedLong(header.getInt(at + 8, LE));
    }

    private int flags(int at) {
        return header.getInt(at + 12, LE);
    }
}
