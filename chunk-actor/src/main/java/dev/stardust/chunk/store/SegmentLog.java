package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.chunk.StoredChunk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The segment files of a store: all but the newest are full and have an index beside them, records are appended to the
 * newest. One thread at a time, but for {@link #file} and {@link #damagedBytes}.
 */
final class SegmentLog implements AutoCloseable {
    private final Path folder;
    private final int segmentBytes;
    private final FileOpener opener;
    private final ConcurrentHashMap<Integer, SegmentFile> files = new ConcurrentHashMap<>();
    private final NativeBuffer record = new NativeBuffer(SegmentFormat.align(SegmentFormat.MAX_RECORD_BYTES));
    private UUID uuid;
    private int next;

    /** The segment that is written, null before the first. */
    private SegmentFile active;

    /** Its records. */
    private SegmentIndex written = new SegmentIndex();

    /** Gets what is found when a store is opened, segment by segment. */
    interface Visitor {
        /** About so many records will come. */
        void expect(long records);

        void segment(int number, SegmentIndex index);
    }

    private SegmentLog(Path folder, int segmentBytes, FileOpener opener) {
        this.folder = folder;
        this.segmentBytes = segmentBytes;
        this.opener = opener;
    }

    static SegmentLog open(Path folder, int segmentBytes, FileOpener opener, Visitor visitor) throws IOException {
        SegmentLog log = new SegmentLog(folder, segmentBytes, opener);
        try {
            log.load(visitor);
            return log;
        } catch (IOException | RuntimeException e) {
            log.close();
            throw e;
        }
    }

    private void load(Visitor visitor) throws IOException {
        List<Integer> numbers = SegmentReader.list(folder);
        if (!numbers.isEmpty()) {
            Path newest = SegmentFile.path(folder, numbers.get(numbers.size() - 1));
            if (SegmentFile.unborn(newest)) {
                Files.delete(newest);
                numbers = numbers.subList(0, numbers.size() - 1);
            }
        }
        long expected = 0;
        for (int number : numbers) {
            expected += SegmentIndex.expected(folder, number);
        }
        visitor.expect(expected);
        for (int i = 0; i < numbers.size(); i++) {
            int number = numbers.get(i);
            SegmentFile file = SegmentFile.open(folder, number, opener);
            files.put(number, file);
            if (uuid != null && !uuid.equals(file.store())) {
                throw new IOException(file.file().path() + " belongs to another chunk store: move it away");
            }
            uuid = file.store();
            next = number + 1;
            boolean newest = i == numbers.size() - 1;
            SegmentIndex index = newest ? file.newest() : file.index();
            visitor.segment(number, index);
            if (newest) {
                active = file;
                written = index;
            }
        }
        if (uuid == null) {
            uuid = UUID.randomUUID();
        }
    }

    /** The id this store was made with. */
    UUID uuid() {
        return uuid;
    }

    /** An open segment. */
    SegmentFile file(int number) {
        return files.get(number);
    }

    int count() {
        return files.size();
    }

    /** The numbers of all segments, ascending. */
    List<Integer> numbers() {
        return files.keySet().stream().sorted().toList();
    }

    /** The records of a segment, of the one that is written as of now; none if it was removed. */
    SegmentIndex records(int number) throws IOException {
        SegmentFile file = files.get(number);
        if (file == null) {
            return new SegmentIndex();
        }
        return file == active ? written.copy() : file.index();
    }

    boolean isActive(int number) {
        return files.get(number) == active;
    }

    /** Deletes a full segment, durably. Nobody reads it any more. */
    void remove(int number) throws IOException {
        files.remove(number).close();
        Files.delete(SegmentFile.path(folder, number));
        Files.deleteIfExists(SegmentIndex.path(folder, number));
        NativeFile.syncDirectory(folder);
    }

    /** Bytes of all segments that hold no readable record. */
    long damagedBytes() {
        return files.values().stream().mapToLong(SegmentFile::damagedBytes).sum();
    }

    /**
     * Appends a chunk and returns its place.
     *
     * @throws DiskFullException when there is no room: all is as before
     */
    Appended append(StoredChunk chunk) throws IOException {
        int length = SegmentFormat.putRecord(record.buffer(), chunk);
        if (active == null || active.end() + length > segmentBytes) {
            roll();
        }
        int offset = active.append(record.address(), length);
        written.add(SegmentFormat.recordHeader(record.buffer()), offset);
        return new Appended(ChunkIndex.place(active.number(), offset), length);
    }

    /** A place, and how many bytes the record there has. */
    record Appended(long place, int recordBytes) {}

    private void roll() throws IOException {
        if (active != null) {
            active.sync();
        }
        SegmentFile created = SegmentFile.create(folder, next, uuid, opener);
        if (active != null) {
            active.writeIndex(written);
        }
        next++;
        files.put(created.number(), created);
        active = created;
        written = new SegmentIndex();
    }

    /** Cuts the segment that is written off behind these, the first of its records; durable on return. */
    void cut(SegmentIndex kept) throws IOException {
        active.cut(kept.end());
        written = kept;
    }

    /** Begins a new segment if the one that is written has any record. */
    void rollIfWritten() throws IOException {
        if (written.count() > 0) {
            roll();
        }
    }

    /** The segment that is written, null before the first. */
    SegmentFile active() {
        return active;
    }

    /** Writes the index of the newest segment, all of which is synced, so that the next opening need not read it. */
    void finish() throws IOException {
        if (active != null) {
            active.writeIndex(written);
        }
    }

    /** Closes the files, not synced. */
    @Override
    public void close() throws IOException {
        for (SegmentFile file : files.values()) {
            file.close();
        }
    }
}
