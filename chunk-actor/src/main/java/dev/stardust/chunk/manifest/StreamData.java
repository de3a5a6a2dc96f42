package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.io.InputStream;

/** A raw disk image that comes as a stream, whose size is known at its end. */
public final class StreamData implements DiskData {
    private static final int SECTOR_BYTES = 512;

    private final String name;
    private final InputStream in;
    private final long expectedBytes;
    private final byte[] portion = new byte[1 << 16];
    private long position;
    private long offset;

    /**
     * Reads {@code in} to its end and closes it.
     *
     * @param expectedBytes as in {@link DiskData#expectedBytes()}
     */
    public StreamData(String name, InputStream in, long expectedBytes) {
        this.name = name;
        this.in = in;
        this.expectedBytes = expectedBytes;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long expectedBytes() {
        return expectedBytes;
    }

    @Override
    public int read(long address, int capacity) throws IOException {
        int filled = 0;
        while (filled < capacity) {
            int n = in.readNBytes(portion, 0, Math.min(portion.length, capacity - filled));
            if (n == 0) {
                break;
            }
            NativeBuffer.copy(portion, 0, address + filled, n);
            filled += n;
        }
        if (position + filled > Manifest.MAX_SIZE_BYTES) {
            throw new IOException(name + " has more than " + Manifest.MAX_SIZE_BYTES + " bytes: no disk is so large");
        }
        offset = position;
        position += filled;
        return filled;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public long sizeBytes() throws IOException {
        if (position == 0 || position % SECTOR_BYTES != 0) {
            throw new IOException(name + " has " + position + " bytes; a raw disk image has a multiple of 512:"
                    + " was it cut short, or is it of another format?");
        }
        return position;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
