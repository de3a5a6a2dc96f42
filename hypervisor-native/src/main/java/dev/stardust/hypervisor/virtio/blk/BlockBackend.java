package dev.stardust.hypervisor.virtio.blk;

import java.io.IOException;

/**
 * What a virtio-blk device reads from and writes to. Declared beside the device so that devices never know chunks.
 *
 * <p>A virtio device calls from one I/O thread at a time, a {@link dev.stardust.hypervisor.nbd.NbdServer} from several.
 * Addresses are native addresses in this process that the caller has
 * already checked and that stay mapped for the whole call. Offsets and lengths are in bytes; the device only passes
 * ranges inside {@link #sizeBytes()}.
 */
public interface BlockBackend extends AutoCloseable {
    /** Size of the disk in bytes, a multiple of 512. It may grow, after which the device is told, and never shrinks. */
    long sizeBytes();

    /** Fills {@code [address, address + length)} with the disk's bytes from {@code offset}. */
    void read(long offset, long address, int length) throws IOException;

    /**
     * Stores {@code [address, address + length)} at {@code offset}. Durable only after {@link #flush()}.
     *
     * @throws BackendFullException when there is no room for it
     */
    void write(long offset, long address, int length) throws IOException;

    /** Makes a range read as zeros, whatever that takes. Durable only after {@link #flush()}. */
    void writeZeroes(long offset, long length) throws IOException;

    /**
     * Takes a range back that holds nothing of worth any more: it reads as zeros, and the space it took is given back as
     * far as the disk can. Durable only after {@link #flush()}.
     */
    default void discard(long offset, long length) throws IOException {
        writeZeroes(offset, length);
    }

    /**
     * How many bytes from {@code offset} are alike, at most {@code length}: negative when they are known to be zeros without
     * looking at them, positive when they may hold data. There may be more of the same kind behind them.
     *
     * @param length at least 1
     */
    default long extent(long offset, long length) throws IOException {
        return length;
    }

    /** Returns once everything written before is on stable storage. */
    void flush() throws IOException;

    @Override
    void close() throws IOException;
}
