package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One segment file, opened by the store that owns it. */
final class SegmentFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentFile.class);

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

    /** Opens an existing segment; what records it has is not known yet. */
    static SegmentFile open(Path folder, int number, FileOpener opener) throws IOException {
        NativeFile file = opener.openWrite(path(folder, number));
        try {
            return new SegmentFile(number, file, readHeader(file, number), file.size());
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /**
     * The records of a segment that is not written any more: as the index beside it says, or by a scan of their headers
     * if there is none that is sound, which is then written.
     */
    SegmentIndex index() throws IOException {
        Path folder = file.path().getParent();
        SegmentIndex index = SegmentIndex.read(folder, number, store, end);
        if (index == null) {
            index = new SegmentIndex();
            new SegmentScanner(file, end, false).scan(index::add);
            index.endAt(end);
            writeIndex(index);
        }
        damagedBytes = index.damagedBytes();
        return index;
    }

    /**
     * The records of the newest segment: as the index beside it says if the store was closed, since nothing was appended after
     * that; else as they are found.
     */
    SegmentIndex newest() throws IOException {
        SegmentIndex index = SegmentIndex.read(file.path().getParent(), number, store, end);
        if (index == null) {
            return recover();
        }
        damagedBytes = index.damagedBytes();
        return index;
    }

    /**
     * The records of the newest segment, whose end a crash may have torn: all are read and checked, and what follows the
     * last sound one is cut off. They are durable on return.
     */
    private SegmentIndex recover() throws IOException {
        SegmentIndex index = new SegmentIndex();
        new SegmentScanner(file, end, true).scan(index::add);
        damagedBytes = index.damagedBytes();
        cut(index.end());
        return index;
    }

    /** Cuts it off there; durable on return. */
    void cut(long newEnd) throws IOException {
        // One of before may fit what is appended from now on by its length.
        Files.deleteIfExists(SegmentIndex.path(file.path().getParent(), number));
        NativeFile.syncDirectory(file.path().getParent());
        file.truncate(newEnd);
        file.sync();
        end = newEnd;
    }

    /** Writes the index of a segment that is full. It is only a help: a full disk may keep it from being there. */
    void writeIndex(SegmentIndex index) throws IOException {
        try {
            index.write(file.path().getParent(), number, store);
        } catch (DiskFullException e) {
            LOG.warn("no index of {}, it is scanned when the store is opened: {}", file.path(), e.getMessage());
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
