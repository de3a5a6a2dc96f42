package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.AtomicFile;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * A disk that is a base with some windows of 64 KiB of its own, each a chunk of a store: 64 bytes of file when it has none,
 * whatever its size, and 48 for each. Read-only as a volume; windows are replaced by {@link #replace}. Thread safe.
 */
final class TinyVolume extends ReadOnlyVolume {
    static final int WINDOW_BYTES = TinyFormat.WINDOW_BYTES;

    /** Entries read at a time. */
    private static final int BATCH = 1024;

    private final NativeFile file;
    private final TinyHeader header;
    private final Volume base;
    private final ChunkReader chunks;
    private final Long2ObjectHashMap<ChunkId> windows = new Long2ObjectHashMap<>();
    private final NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
    private final NativeBuffer head = new NativeBuffer(TinyFormat.HEADER_BYTES);
    private int entries;

    /** How many of them the header in the file tells of. */
    private int toldEntries;

    private TinyVolume(NativeFile file, TinyHeader header, Volume base, ChunkReader chunks) {
        this.file = file;
        this.header = header;
        this.base = base;
        this.chunks = chunks;
    }

    /** Writes the file of a volume that has nothing of its own, in place of one that is there; durable on return. */
    static void create(Path path, TinyHeader header) throws IOException {
        NativeBuffer bytes = new NativeBuffer(TinyFormat.HEADER_BYTES);
        TinyFormat.putHeader(bytes.buffer(), header, 0);
        AtomicFile.write(path, bytes.buffer());
    }

    /**
     * Writes the file of a volume that was not there; durable on return. By one sync that does something: that of the folder
     * finds its work done. A crash may leave an empty file, which no volume has.
     *
     * @throws FileAlreadyExistsException when it is there
     */
    static void createNew(Path path, TinyHeader header) throws IOException {
        NativeBuffer bytes = new NativeBuffer(TinyFormat.HEADER_BYTES);
        TinyFormat.putHeader(bytes.buffer(), header, 0);
        try (NativeFile file = NativeFile.create(path)) {
            file.write(0, bytes.address(), TinyFormat.HEADER_BYTES);
            file.sync();
        }
        NativeFile.syncDirectory(path.toAbsolutePath().getParent());
    }

    /** Reads the header of a volume. */
    static TinyHeader header(Path path) throws IOException {
        try (NativeFile file = NativeFile.openRead(path)) {
            return TinyFormat.header(readHeader(file).buffer(), path);
        }
    }

    private static NativeBuffer readHeader(NativeFile file) throws IOException {
        NativeBuffer header = new NativeBuffer(TinyFormat.HEADER_BYTES);
        if (file.readUpTo(0, header.address(), TinyFormat.HEADER_BYTES) < TinyFormat.HEADER_BYTES) {
            throw new CorruptChunkException(file.path() + " is no volume");
        }
        return header;
    }

    /** Calls for each chunk that the windows of a volume are made of; some were replaced since, perhaps. */
    static void forEachChunk(Path path, Consumer<ChunkId> consumer) throws IOException {
        try (NativeFile file = NativeFile.openRead(path)) {
            NativeBuffer head = readHeader(file);
            TinyHeader header = TinyFormat.header(head.buffer(), path);
            forEachEntry(file, TinyFormat.durableEntries(head.buffer()), header.sizeBytes(), e -> {
                if (!e.id().isZero()) {
                    consumer.accept(e.id());
                }
            });
        }
    }

    /**
     * Opens a volume.
     *
     * @param writable whether its windows may be replaced; then nobody else has it open so, and what a crash has torn at its end
     *     is cut off
     * @param base what lies below, of the same size; it is closed with the volume
     * @throws CorruptChunkException when the file is damaged
     * @throws IOException when another has it open
     */
    static TinyVolume open(Path path, boolean writable, Volume base, ChunkReader chunks) throws IOException {
        NativeFile file = writable ? NativeFile.openWrite(path) : NativeFile.openRead(path);
        try {
            if (writable && !file.tryLock()) {
                throw new IOException(path + " is in use: another machine runs on this disk");
            }
            NativeBuffer head = readHeader(file);
            TinyHeader header = TinyFormat.header(head.buffer(), path);
            if (base.sizeBytes() != header.sizeBytes()) {
                throw new IllegalArgumentException(
                        "the base has " + base.sizeBytes() + " bytes, the volume " + header.sizeBytes());
            }
            TinyVolume volume = new TinyVolume(file, header, base, chunks);
            volume.load(TinyFormat.durableEntries(head.buffer()), writable);
            return volume;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private void load(int durable, boolean writable) throws IOException {
        entries = forEachEntry(file, durable, header.sizeBytes(), e -> windows.put(e.offset() / WINDOW_BYTES, e.id()));
        toldEntries = writable ? durable : entries;
        if (writable && file.size() > end()) {
            file.truncate(end());
        }
    }

    /** Gives how many entries are there: those that are durable for sure, and sound ones behind them. */
    private static int forEachEntry(NativeFile file, int durable, long sizeBytes, Consumer<TinyFormat.Entry> consumer)
            throws IOException {
        NativeBuffer batch = new NativeBuffer(BATCH * TinyFormat.ENTRY_BYTES);
        int count = 0;
        while (true) {
            long at = position(count);
            int n = (int) (file.readUpTo(at, batch.address(), batch.capacity()) / TinyFormat.ENTRY_BYTES);
            for (int i = 0; i < n; i++) {
                TinyFormat.Entry e = TinyFormat.entry(batch.buffer(), i * TinyFormat.ENTRY_BYTES, sizeBytes);
                if (e == null) {
                    return ended(file, count, durable);
                }
                consumer.accept(e);
                count++;
            }
            if (n < BATCH) {
                return ended(file, count, durable);
            }
        }
    }

    private static int ended(NativeFile file, int count, int durable) throws CorruptChunkException {
        if (count < durable) {
            throw new CorruptChunkException(file.path() + " is damaged: entry " + count + " at " + position(count)
                    + " of " + durable + " is not sound");
        }
        return count;
    }

    private static long position(int entry) {
        return TinyFormat.HEADER_BYTES + (long) entry * TinyFormat.ENTRY_BYTES;
    }

    private long end() {
        return position(entries);
    }

    TinyHeader header() {
        return header;
    }

    /** How many windows are its own. */
    synchronized int ownWindows() {
        return windows.size();
    }

    @Override
    public long sizeBytes() {
        return header.sizeBytes();
    }

    @Override
    public synchronized void read(long offset, long address, int length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes());
        long endOffset = offset + length;
        for (long at = offset; at < endOffset; ) {
            long number = at / WINDOW_BYTES;
            int n = (int) (Math.min(endOffset, (number + 1) * WINDOW_BYTES) - at);
            ChunkId id = windows.get(number);
            if (id == null) {
                base.read(at, address + (at - offset), n);
            } else if (id.isZero()) {
                NativeBuffer.zero(address + (at - offset), n);
            } else {
                chunks.read(id, windowBytes(number), window.address());
                NativeBuffer.copy(window.address() + at % WINDOW_BYTES, address + (at - offset), n);
            }
            at += n;
        }
    }

    @Override
    public synchronized long extent(long offset, long length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes());
        long number = offset / WINDOW_BYTES;
        ChunkId id = windows.get(number);
        if (id != null) {
            long n = Math.min(length, (number + 1) * WINDOW_BYTES - offset);
            return id.isZero() ? -n : n;
        }
        if (windows.isEmpty()) {
            return base.extent(offset, length);
        }
        long end = (number + 1) * WINDOW_BYTES;
        while (end - offset < length && !windows.containsKey(end / WINDOW_BYTES)) {
            end += WINDOW_BYTES;
        }
        return base.extent(offset, Math.min(length, end - offset));
    }

    /** Bytes of a window: the last one may be shorter. */
    int windowBytes(long number) {
        return (int) Math.min(WINDOW_BYTES, sizeBytes() - number * WINDOW_BYTES);
    }

    /**
     * A window's new content.
     *
     * @param number which window, from 0
     * @param id its chunk, {@link ChunkId#ZERO} for zeros
     */
    record Window(long number, ChunkId id) {}

    /** Replaces windows by chunks that are on stable storage; durable on return. */
    synchronized void replace(List<Window> replaced) throws IOException {
        NativeBuffer bytes = new NativeBuffer(Math.max(1, replaced.size()) * TinyFormat.ENTRY_BYTES);
        for (int i = 0; i < replaced.size(); i++) {
            Window w = replaced.get(i);
            Objects.checkIndex(w.number() * WINDOW_BYTES, sizeBytes());
            TinyFormat.putEntry(
                    bytes.buffer(),
                    i * TinyFormat.ENTRY_BYTES,
                    new TinyFormat.Entry(w.id(), w.number() * WINDOW_BYTES, windowBytes(w.number())));
        }
        file.write(end(), bytes.address(), (long) replaced.size() * TinyFormat.ENTRY_BYTES);
        // Those of before are durable: this sync makes that known.
        writeHeader();
        file.sync();
        entries += replaced.size();
        replaced.forEach(w -> windows.put(w.number(), w.id()));
    }

    private void writeHeader() throws IOException {
        TinyFormat.putHeader(head.buffer(), header, entries);
        file.write(0, head.address(), TinyFormat.HEADER_BYTES);
        toldEntries = entries;
    }

    /** Adds the blocks of 4 KiB that its own windows cover. */
    synchronized void addOwn(DirtyBlocks blocks) {
        int each = WINDOW_BYTES / DeltaFormat.BLOCK_BYTES;
        windows.forEach((number, id) ->
                blocks.addRange(number * each, Math.min((number + 1) * each, DeltaFormat.blocks(sizeBytes()))));
    }

    @Override
    public synchronized void close() throws IOException {
        try (base;
                file) {
            if (toldEntries != entries) {
                writeHeader();
                file.sync();
            }
        }
    }
}
