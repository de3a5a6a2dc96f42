package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.AtomicFile;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * A disk that is a base with some windows of 64 KiB of its own, each a chunk of a store: 64 bytes of file when it has none,
 * whatever its size, and 48 for each. Read-only as a volume; windows are replaced by {@link #replace}. Thread safe.
 */
public final class TinyVolume implements Volume {
    /** Bytes of a window. */
    public static final int WINDOW_BYTES = TinyFormat.WINDOW_BYTES;

    private final NativeFile file;
    private final TinyFormat.Header header;
    private final Volume base;
    private final ChunkReader chunks;
    private final Long2ObjectHashMap<ChunkId> windows = new Long2ObjectHashMap<>();
    private final NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
    private long end;

    private TinyVolume(NativeFile file, TinyFormat.Header header, Volume base, ChunkReader chunks) {
        this.file = file;
        this.header = header;
        this.base = base;
        this.chunks = chunks;
    }

    /**
     * Writes the file of a volume that is its base; durable on return.
     *
     * @param base the root id of the base's manifest, {@link ChunkId#ZERO} for a disk of zeros
     */
    public static void create(Path path, ChunkId base, long sizeBytes) throws IOException {
        NativeBuffer header = new NativeBuffer(TinyFormat.HEADER_BYTES);
        TinyFormat.putHeader(header.buffer(), new TinyFormat.Header(base, sizeBytes));
        AtomicFile.write(path, header.buffer());
    }

    /** Gives the base of a volume. */
    @FunctionalInterface
    public interface Bases {
        /** The disk of a manifest, read-only; of zeros for {@link ChunkId#ZERO}. It is closed with the volume. */
        Volume open(ChunkId manifest, long sizeBytes) throws IOException;
    }

    /**
     * Opens a volume. An entry at the end that a crash has torn is cut off.
     *
     * @throws CorruptChunkException when the file is damaged
     * @throws IOException when another has it open
     */
    public static TinyVolume open(Path path, Bases bases, ChunkReader chunks) throws IOException {
        NativeFile file = NativeFile.openWrite(path);
        try {
            if (!file.tryLock()) {
                throw new IOException(path + " is in use: another machine runs on this disk");
            }
            NativeBuffer header = new NativeBuffer(TinyFormat.HEADER_BYTES);
            if (file.readUpTo(0, header.address(), TinyFormat.HEADER_BYTES) < TinyFormat.HEADER_BYTES) {
                throw new CorruptChunkException(path + " is no tiny volume");
            }
            TinyFormat.Header h = TinyFormat.header(header.buffer(), path);
            TinyVolume volume = new TinyVolume(file, h, bases.open(h.base(), h.sizeBytes()), chunks);
            volume.load();
            return volume;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private void load() throws IOException {
        long size = file.size();
        int batch = FastCdc.MAX_CHUNK_BYTES / TinyFormat.ENTRY_BYTES * TinyFormat.ENTRY_BYTES;
        end = TinyFormat.HEADER_BYTES;
        for (long at = end; at < size; at += batch) {
            int n = (int) Math.min(batch, size - at);
            file.read(at, window.address(), n);
            for (int i = 0; i < n; i += TinyFormat.ENTRY_BYTES) {
                TinyFormat.Entry e = i + TinyFormat.ENTRY_BYTES <= n
                        ? TinyFormat.entry(window.buffer(), i, header.sizeBytes())
                        : null;
                if (e == null) {
                    cutOff(at + i, size);
                    return;
                }
                windows.put(e.offset() / WINDOW_BYTES, e.id());
                end = at + i + TinyFormat.ENTRY_BYTES;
            }
        }
    }

    /** Entries are synced in the order they were written in: one that is torn is the last. */
    private void cutOff(long from, long size) throws IOException {
        if (size - from >= TinyFormat.ENTRY_BYTES) {
            throw new CorruptChunkException(file.path() + " is damaged: the entry at " + from + " is not sound");
        }
        file.truncate(from);
        file.sync();
    }

    /** The root id of the base's manifest. */
    public ChunkId baseManifest() {
        return header.base();
    }

    /** How many windows are its own. */
    public synchronized int ownWindows() {
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
                int windowBytes = windowBytes(number);
                chunks.read(id, windowBytes, window.address());
                NativeBuffer.copy(window.address() + at % WINDOW_BYTES, address + (at - offset), n);
            }
            at += n;
        }
    }

    private int windowBytes(long number) {
        return (int) Math.min(WINDOW_BYTES, sizeBytes() - number * WINDOW_BYTES);
    }

    /**
     * Replaces windows by chunks that are on stable storage; durable on return.
     *
     * @param numbers of the windows
     * @param ids of their chunks, {@link ChunkId#ZERO} for zeros
     */
    public synchronized void replace(List<Long> numbers, List<ChunkId> ids) throws IOException {
        NativeBuffer entries = new NativeBuffer(numbers.size() * TinyFormat.ENTRY_BYTES);
        for (int i = 0; i < numbers.size(); i++) {
            long number = numbers.get(i);
            Objects.checkIndex(number * WINDOW_BYTES, sizeBytes());
            TinyFormat.putEntry(
                    entries.buffer(),
                    i * TinyFormat.ENTRY_BYTES,
                    new TinyFormat.Entry(ids.get(i), number * WINDOW_BYTES, windowBytes(number)));
        }
        file.write(end, entries.address(), entries.capacity());
        file.sync();
        end += entries.capacity();
        for (int i = 0; i < numbers.size(); i++) {
            windows.put(numbers.get(i).longValue(), ids.get(i));
        }
    }

    @Override
    public void write(long offset, long address, int length) throws IOException {
        throw new IOException("this disk is read-only");
    }

    @Override
    public void zero(long offset, long length) throws IOException {
        throw new IOException("this disk is read-only");
    }

    @Override
    public void flush() {}

    @Override
    public synchronized void close() throws IOException {
        try (base) {
            file.close();
        }
    }
}
