package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.StoredChunk;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/**
 * The chunks of one host, in append-only segment files of one folder that this process alone owns. Every chunk is
 * stored once. Thread safe. At opening the index is filled from those
 * beside the segments, or by scans.
 *
 * <p>What was put before {@link #sync()} returned survives a crash and a power cut. A full disk fails the put that
 * meets it and nothing else. A failed fsync is final: the store then takes nothing more.
 */
public final class ChunkStore implements ChunkSink, ChunkSource, ChunkReader, AutoCloseable {
    /** No segment file grows beyond this. */
    public static final int SEGMENT_BYTES = 256 << 20;

    private final Path folder;
    private final FolderLock folderLock;
    private final ChunkIndex index = new ChunkIndex();
    private final SegmentLog segments;
    private final ConcurrentHashMap<ChunkId, Integer> pins = new ConcurrentHashMap<>();
    private final GroupSync groupSync = new GroupSync(this::syncActive);
    private final Writers writers = new Writers();
    private final Quarantine quarantine;

    /** Held for reading by every operation, for writing to close files. */
    private final ReentrantReadWriteLock life = new ReentrantReadWriteLock();

    /** Held for reading by whoever notes places of chunks, for writing while chunks change their places. */
    private final ReentrantReadWriteLock layout = new ReentrantReadWriteLock();

    private final ReentrantLock collecting = new ReentrantLock();

    /** Guards all that follows. */
    private final ReentrantLock appending = new ReentrantLock();

    private long appended;

    private long rawBytes;
    private long storedBytes;
    private boolean closed;
    private volatile int zstdLevel = ChunkCodec.DEFAULT_LEVEL;

    private ChunkStore(Path folder, int segmentBytes, FileOpener opener, FolderLock folderLock) throws IOException {
        this.folder = folder;
        this.folderLock = folderLock;
        quarantine = new Quarantine(folder);
        segments = SegmentLog.open(folder, segmentBytes, opener, new Loader());
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

    /** As {@link #open(Path)}, with segments of another size at most, on such a disk. */
    public static ChunkStore open(Path folder, int segmentBytes, FileOpener opener) throws IOException {
        DurableFolder.create(folder);
        FolderLock lock = new FolderLock(folder);
        try {
            return new ChunkStore(folder, segmentBytes, opener, lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Fills the index. */
    private final class Loader implements SegmentLog.Visitor {
        @Override
        public void expect(long records) {
            index.reserve(records);
        }

        @Override
        public void segment(int number, SegmentIndex found) {
            found.forEach((fingerprint, offset) -> {
                if (!quarantine.contains(number, offset)) {
                    index.add(fingerprint, ChunkIndex.place(number, offset));
                }
            });
            rawBytes += found.rawBytes();
            storedBytes += found.storedBytes();
        }
    }

    /** The id this store was made with; every segment carries it. */
    public UUID uuid() {
        return segments.uuid();
    }

    /** With what level chunks are compressed from now on; see {@link ChunkCodec#requireLevel}. Those that are here stay. */
    public ChunkStore compressing(int level) {
        zstdLevel = ChunkCodec.requireLevel(level);
        return this;
    }

    /** The level that chunks are compressed with. */
    public int zstdLevel() {
        return zstdLevel;
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

    /** Begins to write: see {@link WriterLease}. */
    public WriterLease lease() {
        long began = writers.begin();
        return new WriterLease(this, () -> writers.end(began));
    }

    /** {@inheritDoc} Outside of a {@link #lease()} the chunk stays only if a root names it when a collection begins. */
    @Override
    public int put(ChunkId id, ByteBuffer raw) throws IOException {
        enter();
        try {
            // Compressed outside the lock, and only when it is new.
            return keep(id) ? 0 : append(ChunkCodec.encode(id, raw, zstdLevel));
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
            if (keep(chunk.id())) {
                return 0;
            }
            ChunkCodec.decode(chunk);
            return append(chunk);
        } finally {
            leave();
        }
    }

    /**
     * Whether the chunk is here; if so, a collection that runs will not take it. Its record's header is looked at, its
     * content is not.
     */
    public boolean contains(ChunkId id) throws IOException {
        enter();
        try {
            return keep(id);
        } finally {
            leave();
        }
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

    /** What is made of a chunk that was read. */
    @FunctionalInterface
    private interface Use<T> {
        T of(StoredChunk chunk) throws CorruptChunkException;
    }

    /** Reads a chunk. One that is damaged goes into quarantine, so that it is put again where somebody has it. */
    private <T> T sound(Hit hit, Use<T> use) throws IOException {
        try {
            return use.of(hit.read());
        } catch (CorruptChunkException e) {
            quarantine(hit.segment.number(), hit.offset, ChunkIndex.fingerprint(hit.header.id()));
            throw e;
        }
    }

    private void quarantine(int segment, int offset, long fingerprint) throws IOException {
        quarantine.add(segment, offset);
        index.remove(fingerprint, ChunkIndex.place(segment, offset));
    }

    /**
     * The raw bytes of a chunk, verified, or empty when it is not here.
     *
     * @throws CorruptChunkException when it is damaged; from then on it counts as not here
     */
    public Optional<byte[]> get(ChunkId id) throws IOException {
        enter();
        try {
            Hit hit = find(id);
            return hit == null ? Optional.empty() : Optional.of(sound(hit, ChunkCodec::decode));
        } finally {
            leave();
        }
    }

    @Override
    public void read(ChunkId id, int rawLength, long address) throws IOException {
        enter();
        try {
            Hit hit = find(id);
            if (hit == null) {
                throw new ChunkMissingException(id);
            }
            if (hit.header.rawLength() != rawLength) {
                throw new CorruptChunkException(
                        "chunk " + id + " has " + hit.header.rawLength() + " bytes, not " + rawLength);
            }
            sound(hit, chunk -> {
                ChunkCodec.decode(chunk, address);
                return chunk;
            });
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
            StoredChunk c = sound(hit, chunk -> chunk);
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
            return new StoreStats(
                    index.size(), rawBytes, storedBytes, segments.count(), segments.damagedBytes(), index.bytes());
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
                    syncActive();
                    segments.finish();
                } finally {
                    segments.close();
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
            SegmentFile segment = segments.file(ChunkIndex.segment(place));
            int offset = ChunkIndex.offset(place);
            SegmentFormat.Header h = RecordReader.local().header(segment.file(), offset);
            if (h != null && h.id().equals(id)) {
                return new Hit(place, segment, offset, h);
            }
        }
    }

    /** Whether the chunk is here, for good as far as a collection that runs is concerned. */
    private boolean keep(ChunkId id) throws IOException {
        Hit hit = find(id);
        return hit != null && index.touch(ChunkIndex.fingerprint(id), hit.place);
    }

    private int append(StoredChunk chunk) throws IOException {
        appending.lock();
        try {
            groupSync.check();
            if (keep(chunk.id())) {
                return 0;
            }
            SegmentLog.Appended at = appendLocked(chunk);
            index.add(ChunkIndex.fingerprint(chunk.id()), at.place());
            return at.recordBytes();
        } finally {
            appending.unlock();
        }
    }

    private SegmentLog.Appended appendLocked(StoredChunk chunk) throws IOException {
        SegmentLog.Appended at;
        try {
            at = segments.append(chunk);
        } catch (DiskFullException e) {
            throw e;
        } catch (IOException e) {
            groupSync.fail(e);
            throw e;
        }
        rawBytes += chunk.rawLength();
        storedBytes += chunk.bytes().remaining();
        appended++;
        return at;
    }

    /** Names chunks that must stay. */
    @FunctionalInterface
    public interface Roots {
        /** Called once no writer is left that began before the collection. */
        void forEach(Consumer<ChunkId> needed) throws IOException;
    }

    /**
     * Gives the space back of chunks that no root and no pin needs. Reading and writing goes on meanwhile; writers that
     * hold a lease from before are waited for. It may be interrupted, or die, at any point.
     *
     * @param held whether somebody reads a segment by {@link ChunkLocation}s that he noted ({@link #locating})
     * @param dryRun only tells what would be freed
     * @throws IOException when another collection runs, a root cannot be read, or the disk fails; nothing is lost then
     */
    public SweepReport collect(Roots roots, IntPredicate held, boolean dryRun) throws IOException {
        if (!collecting.tryLock()) {
            throw new IOException("a collection of this chunk store runs already: wait for its end");
        }
        try {
            enter();
            leave();
            writers.nextEpoch(index::nextEpoch);
            writers.awaitEarlier();
            roots.forEach(id -> index.touchAll(ChunkIndex.fingerprint(id)));
            pins.keySet().forEach(id -> index.touchAll(ChunkIndex.fingerprint(id)));
            return new Sweeper(this, index, segments, held, dryRun).sweep();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while writers of earlier are at work");
        } finally {
            collecting.unlock();
        }
    }

    /** Is told how far a scrub is. */
    @FunctionalInterface
    public interface ScrubListener {
        /** A segment is checked, and what was found damaged there is in quarantine. The next scrub may begin behind it. */
        void checked(int segment) throws IOException;
    }

    /**
     * Reads all chunks from the disk and checks that each holds the bytes its id is the hash of. One that is damaged is
     * put into quarantine, durably: it counts as absent, so that the next put of the chunk heals it. Reading and writing
     * go on meanwhile.
     *
     * @param from number of the segment to begin with, 0 for all
     * @param bytesPerSecond how much is read at most, 0 for no limit
     */
    public ScrubReport scrub(int from, long bytesPerSecond, ScrubListener listener) throws IOException {
        Scrubber scrubber = new Scrubber(this, index, new Pace(bytesPerSecond));
        sync();
        for (int number : segments.numbers()) {
            if (number >= from) {
                List<Damage> damages = scrubber.scrub(number);
                for (Damage d : damages) {
                    quarantine(d.segment(), d.offset(), d.fingerprint());
                }
                listener.checked(number);
            }
        }
        return scrubber.report();
    }

    /** Notes places of chunks: while {@code noting} runs no chunk changes its place. */
    public void locating(Noting noting) throws IOException {
        layout.readLock().lock();
        try {
            noting.run();
        } finally {
            layout.readLock().unlock();
        }
    }

    /** See {@link #locating}. */
    @FunctionalInterface
    public interface Noting {
        void run() throws IOException;
    }

    /** For a {@link Sweeper}: held while it changes places. */
    Lock layout() {
        return layout.writeLock();
    }

    /** Whether a segment is here. */
    boolean has(int segment) {
        return segments.file(segment) != null;
    }

    /** The records of a segment, as of now. */
    SegmentIndex records(int number) throws IOException {
        appending.lock();
        try {
            return segments.records(number);
        } finally {
            appending.unlock();
        }
    }

    /** For a {@link Sweeper}: begins a new segment, so that the last one is full. */
    void roll() throws IOException {
        appending.lock();
        try {
            groupSync.check();
            segments.rollIfWritten();
        } finally {
            appending.unlock();
        }
    }

    /**
     * For a {@link Sweeper}: cuts off what is untouched at the end of the segment that is written; gives its bytes. That is
     * what an import leaves that a full disk ended, and takes no space.
     */
    long cutTail() throws IOException {
        life.writeLock().lock();
        appending.lock();
        try {
            groupSync.check();
            SegmentFile active = segments.active();
            if (active == null || quarantine.containsAnyOf(active.number())) {
                return 0;
            }
            SegmentIndex records = segments.records(active.number());
            int keep = records.count();
            long raw = 0;
            long stored = 0;
            while (keep > 0) {
                int offset = records.offset(keep - 1);
                SegmentFormat.Header h = RecordReader.local().header(active.file(), offset);
                long place = ChunkIndex.place(active.number(), offset);
                if (h == null || !index.removeUntouched(records.fingerprint(keep - 1), place)) {
                    break;
                }
                raw += h.rawLength();
                stored += h.storedLength();
                keep--;
            }
            if (keep == records.count()) {
                return 0;
            }
            SegmentIndex kept = records.first(keep, raw, stored);
            segments.cut(kept);
            rawBytes -= raw;
            storedBytes -= stored;
            return records.end() - kept.end();
        } finally {
            appending.unlock();
            life.writeLock().unlock();
        }
    }

    /** For a {@link Sweeper}: appends a chunk anew; gives its bytes. */
    int appendAgain(SegmentFile from, int offset, long place) throws IOException {
        enter();
        appending.lock();
        try {
            groupSync.check();
            SegmentFormat.Header h = RecordReader.local().header(from.file(), offset);
            if (h == null) {
                throw new CorruptChunkException("no sound record at " + offset);
            }
            SegmentLog.Appended at = appendLocked(RecordReader.local().chunk(from.file(), offset, h));
            index.move(ChunkIndex.fingerprint(h.id()), place, at.place());
            return at.recordBytes();
        } finally {
            appending.unlock();
            leave();
        }
    }

    /** For a {@link Sweeper}: deletes a segment whose chunks are elsewhere or not needed. */
    void removeSegment(int number, SegmentIndex records) throws IOException {
        life.writeLock().lock();
        appending.lock();
        try {
            segments.remove(number);
            quarantine.forget(number);
            rawBytes -= records.rawBytes();
            storedBytes -= records.storedBytes();
        } finally {
            appending.unlock();
            life.writeLock().unlock();
        }
    }

    private long syncActive() throws IOException {
        SegmentFile segment;
        long reached;
        appending.lock();
        try {
            segment = segments.active();
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

    private record Hit(long place, SegmentFile segment, int offset, SegmentFormat.Header header) {
        StoredChunk read() throws IOException {
            return RecordReader.local().chunk(segment.file(), offset, header);
        }
    }
}
