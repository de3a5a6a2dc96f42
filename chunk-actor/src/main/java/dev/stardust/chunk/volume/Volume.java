package dev.stardust.chunk.volume;

import java.io.IOException;

/**
 * A disk: bytes read and written at offsets, from and to native addresses that the caller has checked and that stay
 * mapped for the whole call. Ranges must lie inside {@link #sizeBytes()}; others throw {@link
 * IndexOutOfBoundsException}. Thread safe.
 */
public interface Volume extends AutoCloseable {
    /** Size in bytes, a multiple of 512. */
    long sizeBytes();

    /** Fills {@code [address, address + length)} with the bytes from {@code offset}. */
    void read(long offset, long address, int length) throws IOException;

    /** Stores {@code [address, address + length)} at {@code offset}. Durable only after {@link #flush()}. */
    void write(long offset, long address, int length) throws IOException;

    /**
     * Makes a range read as zeros and gives back the space that it takes, as far as it can. Durable only after {@link
     * #flush()}.
     */
    void zero(long offset, long length) throws IOException;

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
