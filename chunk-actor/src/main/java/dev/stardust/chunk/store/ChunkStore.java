package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.chunk.StoredChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The chunks of one host, in append-only segment files of one folder that this process alone owns. Every chunk is
 * stored once. Thread safe. The index is rebuilt from the segments at opening.
 *
 * <p>What was put before {@link #sync()} returned survives a crash and a power cut. A full disk fails the put that
 * meets it and nothing else. A failed fsync is final: the store then takes nothing more.
 */
public final class ChunkStore implements ChunkSink, ChunkSource, AutoCloseable {
    /** No segment file grows beyond this. */
    public static final int SEGMENT_BYTES = 256 << 20;

    private final Path folder;
    private final int segmentBytes;
    private final FileOpener opener;
    private final FolderLock folderLock;
    private final UUID uuid;
    private final ChunkIndex index = new ChunkIndex();
    private final ConcurrentHashMap<Integer, SegmentFile> segments = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<ChunkId, Integer> pins = new ConcurrentHashMap<>();
    private final GroupSync groupSync = new GroupSync(this::syncActive);
    /** Held for reading by every operation, for writing by {@link #close()}. */
    private final ReentrantReadWriteLock life = new ReentrantReadWriteLock();
    /** Guards all that follows. */
    private final ReentrantLock appending = new ReentrantLock();

    private final NativeBuffer record = new NativeBuffer(SegmentFormat.align(SegmentFormat.MAX_RECORD_BYTES));
    private SegmentFile active;
    private int nextSegment;
    private long appended;
    private long rawBytes;
    private long storedBytes;
    private boolean closed;

    private ChunkStore(Path folder, int segmentBytes, FileOpener opener, FolderLock folderLock) throws IOException {
        this.folder = folder;
        this.segmentBytes = segmentBytes;
        this.opener = opener;
        this.folderLock = folderLock;
        uuid = load();
    }

    /**
     * Opens the store in {@code folder}, which is created when it is not there. Torn tails of a crash are cut off.
     *
     * @throws UnsupportedVersionException when a newer release wrote it
     * @throws IOException when another process has it open, or segments of another store lie in it
     */
    public static ChunkStore open(Path folder) throws IOException {
        return open(folder, SEGMENT_BYTES, FileOpener.REAL);
    }

    static ChunkStore open(Path folder, int segmentBytes, FileOpener opener) throws IOException {
        Files.createDirectories(folder);
        FolderLock lock = new FolderLock(folder);
        try {
            return new ChunkStore(folder, segmentBytes, opener, lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private UUID load() throws IOException {
        List<Integer> numbers = SegmentReader.list(folder);
        if (!numbers.isEmpty()) {
            Path newest = SegmentFile.path(folder, numbers.get(numbers.size() - 1));
            if (SegmentFile.unborn(newest)) {
                Files.delete(newest);
                numbers = numbers.subList(0, numbers.size() - 1);
            }
        }
        UUID found = null;
        try {
            for (int i = 0; i < numbers.size(); i++) {
                int number = numbers.get(i);
                boolean last = i == numbers.size() - 1;
                SegmentFile s = SegmentFile.open(folder, number, last, opener, (at, h) -> indexRecord(number, at, h));
                segments.put(number, s);
                if (found != null && !found.equals(s.store())) {
                    throw new IOException(s.file().path() + " belongs to another chunk store: move it away");
                }
                found = s.store();
                nextSegment = number + 1;
                active = s;
            }
        } catch (IOException e) {
            closeSegments();
            throw e;
        }
        return found == null ? UUID.randomUUID() : found;
    }

    private void indexRecord(int segment, int offset, SegmentFormat.Header h) {
        index.add(h.id(), ChunkIndex.place(segment, offset));
        rawBytes += h.rawLength();
        storedBytes += h.storedLength();
    }

    /** The id this store was made with; every segment carries it. */
    public UUID uuid() {
        return uuid;
    }

    /** The folder of the segments. */
    public Path folder() {
        return folder;
    }

    /** Stores a chunk and returns its id; otherwise as {@link #put(ChunkId, ByteBuffer)}. */
    public ChunkId put(ByteBuffer raw) throws IOException {
        ChunkId id = Blake3.hash(raw);
        put(id, raw);
        return id;
    }

    @Override
    public int put(ChunkId id, ByteBuffer raw) throws IOException {
        enter();
        try {
            // Compressed outside the lock, and only when it is new.
            return find(id) != null ? 0 : append(ChunkCodec.encode(id, raw));
        } finally {
            leave();
        }
    }

    /**
     * Stores a chunk that came in its stored form from another host.
     *
     * @return as {@link #put(ChunkId, ByteBuffer)}
     * @throws CorruptChunkException when its bytes do not hash to its id
     */
    public int put(StoredChunk chunk) throws IOException {
        enter();
        try {
            if (find(chunk.id()) != null) {
                return 0;
            }
            ChunkCodec.decode(chunk);
            return append(chunk);
        } finally {
            leave();
        }
    }

    /** Whether the chunk is here. Its record's header is looked at, its content is not. */
    public boolean contains(ChunkId id) throws IOException {
        return locate(id).isPresent();
    }

    /** Where the chunk lies, for an {@code ExtentMap}. */
    public Optional<ChunkLocation> locate(ChunkId id) throws IOException {
        enter();
        try {
            Hit hit = find(id);
            return hit == null
                    ? Optional.empty()
                    : Optional.of(new ChunkLocation(
                            hit.segment.number(),
                            hit.offset,
                            hit.header.storedLength(),
                            hit.header.rawLength(),
                            hit.header.compressed()));
        } finally {
            leave();
        }
    }

    /** The raw bytes of a chunk, verified, or empty when it is not here. */
    public Optional<byte[]> get(ChunkId id) throws IOException {
        enter();
        try {
            Hit hit = find(id);
            return hit == null ? Optional.empty() : Optional.of(ChunkCodec.decode(hit.read()));
        } finally {
            leave();
        }
    }

    /** A chunk in its stored form, to send it to another host, or empty when it is not here. */
    public Optional<StoredChunk> getStored(ChunkId id) throws IOException {
        enter();
        try {
            Hit hit = find(id);
            if (hit == null) {
                return Optional.empty();
            }
            StoredChunk c = hit.read();
            byte[] copy = new byte[c.bytes().remaining()];
            c.bytes().get(c.bytes().position(), copy);
            return Optional.of(new StoredChunk(id, c.rawLength(), c.compressed(), ByteBuffer.wrap(copy)));
        } finally {
            leave();
        }
    }

    @Override
    public byte[] fetch(ChunkId id) throws IOException {
        return get(id).orElseThrow(() -> new ChunkMissingException(id));
    }

    /** Notes that somebody needs this chunk; counted. Returns whether it is here. */
    public boolean pin(ChunkId id) throws IOException {
        pins.merge(id, 1, Integer::sum);
        return contains(id);
    }

    /** Takes one {@link #pin} back. */
    public void unpin(ChunkId id) {
        pins.computeIfPresent(id, (k, n) -> n == 1 ? null : n - 1);
    }

    /** Whether somebody has pinned this chunk. */
    public boolean pinned(ChunkId id) {
        return pins.containsKey(id);
    }

    @Override
    public void sync() throws IOException {
        enter();
        try {
            long target;
            appending.lock();
            try {
                target = appended;
            } finally {
                appending.unlock();
            }
            groupSync.upTo(target);
        } finally {
            leave();
        }
    }

    /** How often the disk was synced for {@link #sync()}. */
    long syncs() {
        return groupSync.syncs();
    }

    /** What the store holds now. */
    public StoreStats stats() {
        appending.lock();
        try {
            long damaged = segments.values().stream()
                    .mapToLong(SegmentFile::damagedBytes)
                    .sum();
            return new StoreStats(index.size(), rawBytes, storedBytes, segments.size(), damaged, index.bytes());
        } finally {
            appending.unlock();
        }
    }

    /** Syncs, closes the files and frees the folder. */
    @Override
    public void close() throws IOException {
        life.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                try {
                    if (active != null) {
                        active.sync();
                    }
                } finally {
                    closeSegments();
                    folderLock.close();
                }
            }
        } finally {
            life.writeLock().unlock();
        }
    }

    /** The sound record of a chunk, or null. One whose header is damaged counts as absent, so that a put heals it. */
    private Hit find(ChunkId id) throws IOException {
        for (int nth = 0; ; nth++) {
            long place = index.find(id, nth);
            if (place == 0) {
                return null;
            }
            SegmentFile segment = segments.get(ChunkIndex.segment(place));
            int offset = ChunkIndex.offset(place);
            SegmentFormat.Header h = RecordReader.local().header(segment.file(), offset);
            if (h != null && h.id().equals(id)) {
                return new Hit(segment, offset, h);
            }
        }
    }

    private int append(StoredChunk chunk) throws IOException {
        appending.lock();
        try {
            groupSync.check();
            if (find(chunk.id()) != null) {
                return 0;
            }
            int length = SegmentFormat.putRecord(record.buffer(), chunk);
            SegmentFile segment = segmentFor(length);
            int offset;
            try {
                offset = segment.append(record.address(), length);
            } catch (DiskFullException e) {
                throw e;
            } catch (IOException e) {
                groupSync.fail(e);
                throw e;
            }
            index.add(chunk.id(), ChunkIndex.place(segment.number(), offset));
            rawBytes += chunk.rawLength();
            storedBytes += chunk.bytes().remaining();
            appended++;
            return length;
        } finally {
            appending.unlock();
        }
    }

    private SegmentFile segmentFor(int length) throws IOException {
        if (active == null || active.end() + length > segmentBytes) {
            if (active != null) {
                try {
                    active.sync();
                } catch (IOException e) {
                    groupSync.fail(e);
                    throw e;
                }
            }
            SegmentFile created = SegmentFile.create(folder, nextSegment, uuid, opener);
            nextSegment++;
            segments.put(created.number(), created);
            active = created;
        }
        return active;
    }

    private long syncActive() throws IOException {
        SegmentFile segment;
        long reached;
        appending.lock();
        try {
            segment = active;
            reached = appended;
        } finally {
            appending.unlock();
        }
        if (segment != null) {
            segment.sync();
        }
        return reached;
    }

    private void enter() throws IOException {
        life.readLock().lock();
        if (closed) {
            life.readLock().unlock();
            throw new IOException("the chunk store in " + folder + " is closed");
        }
    }

    private void leave() {
        life.readLock().unlock();
    }

    private void closeSegments() throws IOException {
        for (SegmentFile s : segments.values()) {
            s.close();
        }
    }

    private record Hit(SegmentFile segment, int offset, SegmentFormat.Header header) {
        StoredChunk read() throws IOException {
            return RecordReader.local().chunk(segment.file(), offset, header);
        }
    }
}
