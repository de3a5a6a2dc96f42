package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Reads a file from the disk and not from the cache, in ascending order, where the file system can do that. */
final class DiskReader implements AutoCloseable {
    private static final int ALIGNMENT = 4096;
    private static final int WINDOW_BYTES = 2 << 20;

    private final NativeFile file;
    private final boolean pastCache;
    private final NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
    private long begin;
    private long filled;
    private long diskBytes;

    private DiskReader(NativeFile file, boolean pastCache) {
        this.file = file;
        this.pastCache = pastCache;
    }

    static DiskReader open(Path path) throws IOException {
        NativeFile direct = NativeFile.openDirect(path);
        return direct != null ? new DiskReader(direct, true) : new DiskReader(NativeFile.openRead(path), false);
    }

    /** Whether the cache is passed by. */
    boolean pastCache() {
        return pastCache;
    }

    /** Bytes read so far. */
    long diskBytes() {
        return diskBytes;
    }

    /** The bytes from {@code position} on: {@code length}, less at the end of the file; valid until the next call. */
    ByteBuffer read(long position, int length) throws IOException {
        if (position < begin || position + length > begin + filled) {
            begin = position & -ALIGNMENT;
            filled = 0;
            fill();
            diskBytes += filled;
        }
        int at = (int) (position - begin);
        int end = (int) Math.min(filled, (long) at + length);
        ByteBuffer bytes = window.buffer().duplicate().order(window.buffer().order());
        return bytes.position(Math.min(at, end))
                .limit(end)
                .slice()
                .order(window.buffer().order());
    }

    /** A read of unaligned length was the file's last; another from there would be refused. */
    private void fill() throws IOException {
        long n;
        do {
            n = file.readSome(begin + filled, window.address() + filled, WINDOW_BYTES - filled);
            filled += n;
        } while (n > 0 && n % ALIGNMENT == 0 && filled < WINDOW_BYTES);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
