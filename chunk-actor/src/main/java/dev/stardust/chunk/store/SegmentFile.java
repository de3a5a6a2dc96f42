package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** One segment file, opened by the store that owns it. */
final class SegmentFile implements AutoCloseable {
    private final int number;
    private final NativeFile file;
    private final UUID store;
    private long end;
    private long damagedBytes;

    private SegmentFile(int number, NativeFile file, UUID store, long end) {
        this.number = number;
        this.file = file;
        this.store = store;
        this.end = end;
    }

    static Path path(Path folder, int number) {
        return folder.resolve("%08d.seg".formatted(number));
    }

    /** Creates an empty segment; durable, name and header, on return. Nothing is left behind on an error. */
    static SegmentFile create(Path folder, int number, UUID store, FileOpener opener) throws IOException {
        Path path = path(folder, number);
        NativeFile file = opener.create(path);
        try {
            NativeBuffer header = new NativeBuffer(SegmentFormat.HEADER_BYTES);
            SegmentFormat.putFileHeader(header.buffer(), number, store);
            file.write(0, header.address(), SegmentFormat.HEADER_BYTES);
            file.sync();
            NativeFile.syncDirectory(folder);
            return new SegmentFile(number, file, store, SegmentFormat.HEADER_BYTES);
        } catch (IOException e) {
            file.close();
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /**
     * Opens an existing segment and tells its records.
     *
     * @param last whether it is the newest: its records are checked with their content, and what follows the last sound
     *     one is cut off, since a crash may have torn it
     */
    static SegmentFile open(Path folder, int number, boolean last, FileOpener opener, SegmentScanner.Visitor visitor)
            throws IOException {
        NativeFile file = opener.openWrite(path(folder, number));
        try {
            UUID store = readHeader(file, number);
            long size = file.size();
            SegmentScanner scanner = new SegmentScanner(file, size, last);
            long end = scanner.scan(visitor);
            SegmentFile segment = new SegmentFile(number, file, store, end);
            segment.damagedBytes = scanner.damagedBytes();
            if (last) {
                file.truncate(end);
                // The last owner may have died before its sync; from now on these records count as durable.
                file.sync();
            } else {
                segment.damagedBytes += size - end;
            }
            return segment;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Whether a crash left this segment before its header was whole; it can then hold no chunk. */
    static boolean unborn(Path path) throws IOException {
        return Files.size(path) < SegmentFormat.HEADER_BYTES;
    }

    static UUID readHeader(NativeFile file, int number) throws IOException {
        NativeBuffer header = new NativeBuffer(SegmentFormat.HEADER_BYTES);
        if (file.readUpTo(0, header.address(), SegmentFormat.HEADER_BYTES) < SegmentFormat.HEADER_BYTES) {
            throw new CorruptChunkException(file.path() + " does not start with a segment header");
        }
        return SegmentFormat.fileHeader(header.buffer(), number, file.path());
    }

    int number() {
        return number;
    }

    NativeFile file() {
        return file;
    }

    UUID store() {
        return store;
    }

    long end() {
        return end;
    }

    long damagedBytes() {
        return damagedBytes;
    }

    /** Appends a record and returns its offset; on an error the segment is as before. */
    int append(long address, int length) throws IOException {
        try {
            file.write(end, address, length);
        } catch (IOException e) {
            file.truncate(end);
            throw e;
        }
        int offset = (int) end;
        end += length;
        return offset;
    }

    void sync() throws IOException {
        file.sync();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
