package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.ChunkSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A disk of a store: a {@link TinyVolume} and, once something is written, a {@link DeltaVolume} over it; below lie others of its
 * kind that are written no more, and in the end a manifest or zeros. {@link #deduplicate} moves what was written into
 * chunks. Thread safe.
 */
public final class LayeredVolume implements Volume {
    /** Ends the name of a volume's first file. */
    public static final String SUFFIX = ".tiny";

    private static final String DELTA_SUFFIX = ".delta";
    private static final int WINDOW_BLOCKS = TinyVolume.WINDOW_BYTES / DeltaVolume.BLOCK_BYTES;

    /** Windows that are moved into chunks at a time: 4 MiB. */
    private static final int BATCH = 64;

    private final Path file;
    private final Below below;
    private final TinyVolume tiny;
    private volatile DeltaVolume delta;
    private final ReentrantLock deduplicating = new ReentrantLock();

    /** The windows that were written since a batch of them was begun to be moved; null while none is. */
    private DirtyBlocks rewritten;

    private LayeredVolume(Path file, Below below, TinyVolume tiny, DeltaVolume delta) {
        this.file = file;
        this.below = below;
        this.tiny = tiny;
        this.delta = delta;
    }

    /** What lies below: one of both, or neither for zeros. */
    public record Below(Manifest manifest, LayeredVolume layer) {
        /** Nothing: the disk is zero where it was not written. */
        public static final Below ZEROS = new Below(null, null);

        /** An image. */
        public static Below of(Manifest manifest) {
            return new Below(manifest, null);
        }

        /** A volume that is written no more; it is closed with the one above it. */
        public static Below of(LayeredVolume layer) {
            return new Below(null, layer);
        }

        private long sizeBytes(long otherwise) {
            return layer != null ? layer.sizeBytes() : manifest != null ? manifest.sizeBytes() : otherwise;
        }

        private Volume volume(long sizeBytes, ChunkReader chunks) {
            Volume volume =
                    layer != null ? layer : ManifestVolume.of(manifest != null ? manifest : empty(sizeBytes), chunks);
            return ResizedVolume.of(volume, sizeBytes);
        }
    }

    private static Manifest empty(long sizeBytes) {
        return Manifest.builder(sizeBytes).build();
    }

    /** Writes the file of a volume to which nothing was written, in place of one that is there; durable on return. */
    public static void create(Path file, TinyHeader header) throws IOException {
        TinyVolume.create(file, header);
    }

    /**
     * Writes the file of a volume that was not there; durable on return. A crash may leave an empty file.
     *
     * @throws java.nio.file.FileAlreadyExistsException when it is there
     */
    public static void createNew(Path file, TinyHeader header) throws IOException {
        TinyVolume.createNew(file, header);
    }

    /** What a volume is. */
    public static TinyHeader header(Path file) throws IOException {
        return TinyVolume.header(file);
    }

    /** Whether a volume is as it was made, told without opening it; what lies below does not count. */
    public static boolean isEmpty(Path file) throws IOException {
        return Files.size(file) == TinyFormat.HEADER_BYTES && !Files.exists(deltaFile(file, header(file)));
    }

    /** Calls for each chunk that the volume itself needs, not counting what lies below. */
    public static void forEachChunk(Path file, Consumer<ChunkId> consumer) throws IOException {
        TinyVolume.forEachChunk(file, consumer);
    }

    /** Where the delta of a volume is, if it has one. */
    public static Path deltaFile(Path file, TinyHeader header) {
        String name = file.getFileName().toString();
        String begin = name.substring(0, name.length() - SUFFIX.length());
        return file.resolveSibling(begin + "." + HexFormat.of().toHexDigits(header.number()) + DELTA_SUFFIX);
    }

    /**
     * Opens a volume.
     *
     * @param writable whether it may be written to; then nobody else has it open so
     * @throws dev.stardust.chunk.chunk.CorruptChunkException when a file is damaged
     * @throws IOException when another has it open
     */
    public static LayeredVolume open(Path file, boolean writable, Below below, ChunkReader chunks) throws IOException {
        TinyHeader header = header(file);
        TinyVolume tiny = TinyVolume.open(file, writable, below.volume(header.sizeBytes(), chunks), chunks);
        try {
            return new LayeredVolume(file, below, tiny, existingDelta(file, writable, tiny));
        } catch (IOException | RuntimeException e) {
            tiny.close();
            throw e;
        }
    }

    private static DeltaVolume existingDelta(Path file, boolean writable, TinyVolume tiny) throws IOException {
        Path path = deltaFile(file, tiny.header());
        if (!Files.exists(path)) {
            return null;
        }
        ChunkId base = tiny.header().deltaBase();
        return writable ? DeltaVolume.open(path, tiny, base) : DeltaVolume.openFrozen(path, tiny, base);
    }

    @Override
    public long sizeBytes() {
        return tiny.sizeBytes();
    }

    @Override
    public void read(long offset, long address, int length) throws IOException {
        DeltaVolume d = delta;
        (d == null ? tiny : d).read(offset, address, length);
    }

    @Override
    public long extent(long offset, long length) throws IOException {
        DeltaVolume d = delta;
        return (d == null ? tiny : d).extent(offset, length);
    }

    @Override
    public synchronized void write(long offset, long address, int length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes());
        if (length > 0) {
            noteWritten(offset, length);
            delta().write(offset, address, length);
        }
    }

    @Override
    public synchronized void zero(long offset, long length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes());
        if (length > 0) {
            noteWritten(offset, length);
            delta().zero(offset, length);
        }
    }

    private void noteWritten(long offset, long length) {
        if (rewritten != null) {
            rewritten.addRange(offset / TinyVolume.WINDOW_BYTES, (offset + length - 1) / TinyVolume.WINDOW_BYTES + 1);
        }
    }

    private DeltaVolume delta() throws IOException {
        if (delta == null) {
            delta = DeltaVolume.open(
                    deltaFile(file, tiny.header()), tiny, tiny.header().deltaBase());
        }
        return delta;
    }

    @Override
    public synchronized void flush() throws IOException {
        if (delta != null) {
            delta.flush();
        }
    }

    /**
     * Moves what was written into chunks of the store, so that it is there once, whoever else has it, and gives its space in the
     * delta back. Reading and writing go on meanwhile; what is written meanwhile stays for the next time.
     *
     * @param sink takes the chunks; the caller sees to it that none is collected before this returns
     * @return bytes that were moved
     */
    public long deduplicate(ChunkSink sink) throws IOException {
        deduplicating.lock();
        try {
            return delta == null ? 0 : move(delta.present(), sink);
        } finally {
            deduplicating.unlock();
        }
    }

    private long move(DirtyBlocks written, ChunkSink sink) throws IOException {
        long moved = 0;
        List<Long> batch = new ArrayList<>();
        for (long b = written.next(0); b < written.size(); ) {
            long number = b / WINDOW_BLOCKS;
            batch.add(number);
            b = written.next((number + 1) * WINDOW_BLOCKS);
            if (batch.size() == BATCH || b >= written.size()) {
                moved += move(batch, sink);
                batch.clear();
            }
        }
        return moved;
    }

    private long move(List<Long> numbers, ChunkSink sink) throws IOException {
        synchronized (this) {
            rewritten = new DirtyBlocks(numbers.get(numbers.size() - 1) + 1);
        }
        try {
            List<TinyVolume.Window> windows = new ArrayList<>();
            for (long number : numbers) {
                windows.add(new TinyVolume.Window(number, put(number, sink)));
            }
            sink.sync();
            return moved(windows);
        } finally {
            synchronized (this) {
                rewritten = null;
            }
        }
    }

    private ChunkId put(long number, ChunkSink sink) throws IOException {
        int length = tiny.windowBytes(number);
        NativeBuffer window = new NativeBuffer(length);
        read(number * TinyVolume.WINDOW_BYTES, window.address(), length);
        if (NativeBuffer.isZero(window.address(), length)) {
            return ChunkId.ZERO;
        }
        ByteBuffer bytes = window.buffer();
        ChunkId id = Blake3.hash(bytes);
        sink.put(id, bytes);
        return id;
    }

    private synchronized long moved(List<TinyVolume.Window> windows) throws IOException {
        windows.removeIf(w -> rewritten.contains(w.number()));
        if (windows.isEmpty()) {
            return 0;
        }
        tiny.replace(windows);
        delta.giveBack(windows.stream()
                .map(w -> new DeltaVolume.BlockRange(
                        w.number() * WINDOW_BLOCKS,
                        Math.min((w.number() + 1) * WINDOW_BLOCKS, DeltaFormat.blocks(sizeBytes()))))
                .toList());
        return windows.stream().mapToLong(w -> tiny.windowBytes(w.number())).sum();
    }

    /** The manifest of the disk as it is now, all layers in one; it must not change meanwhile. Durable after the sink's sync. */
    public Manifest seal(ChunkSink sink, int threads) throws IOException {
        DirtyBlocks written = new DirtyBlocks(DeltaFormat.blocks(sizeBytes()));
        addWritten(written, null);
        Manifest bottom = bottom();
        return Sealer.seal(bottom == null ? empty(sizeBytes()) : bottom, this, written, sink, threads);
    }

    /** The image at the bottom, null for zeros. */
    Manifest bottom() {
        return below.layer() == null ? below.manifest() : below.layer().bottom();
    }

    /** The layer below, null when there is none. */
    LayeredVolume layerBelow() {
        return below.layer();
    }

    /** Its first file. */
    Path file() {
        return file;
    }

    /** Adds the blocks at which it differs from the layer {@code from}, or from the image at the bottom if that is null. */
    void addWritten(DirtyBlocks blocks, LayeredVolume from) {
        if (this == from) {
            return;
        }
        if (below.layer() != null) {
            below.layer().addWritten(blocks, from);
        }
        long belowBytes = below.sizeBytes(sizeBytes());
        if (belowBytes > sizeBytes()) {
            // What it cut off is zero above it.
            blocks.addRange(sizeBytes() / DeltaVolume.BLOCK_BYTES, DeltaFormat.blocks(belowBytes));
        }
        tiny.addOwn(blocks);
        DeltaVolume d = delta;
        if (d != null) {
            blocks.addAll(d.present());
        }
    }

    /** How many layers it has, itself included. */
    public int layers() {
        return below.layer() == null ? 1 : 1 + below.layer().layers();
    }

    /** Bytes written to it that are in its delta, not yet in chunks; layers below are not counted. */
    public long deltaBytes() {
        DeltaVolume d = delta;
        return d == null ? 0 : d.presentBlocks() * DeltaVolume.BLOCK_BYTES;
    }

    /** Bytes of its windows that are chunks; layers below are not counted. */
    public long ownBytes() {
        return (long) tiny.ownWindows() * TinyVolume.WINDOW_BYTES;
    }

    /** Flushes and closes its files and the layers below. */
    @Override
    public synchronized void close() throws IOException {
        if (delta != null) {
            delta.close();
        } else {
            tiny.close();
        }
    }
}
