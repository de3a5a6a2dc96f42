package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.chunk.store.ChunkSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** Stores manifests as chunks and reads them back: a tree of pieces under one root id. */
public final class ManifestStore {
    /** How many extents and holes a manifest may have unless the reader says otherwise: some 100 GB of dense data. */
    public static final int MAX_EXTENTS = 1 << 22;

    private ManifestStore() {}

    /**
     * Stores a manifest; equal manifests get equal roots. Durable after the sink's next sync.
     *
     * @return the root's id
     */
    public static ChunkId write(Manifest manifest, ChunkSink sink) throws IOException {
        return new Writer(sink).write(manifest);
    }

    /** Reads a manifest of at most {@link #MAX_EXTENTS} extents. */
    public static Manifest read(ChunkId root, ChunkSource source) throws IOException {
        return read(root, source, MAX_EXTENTS);
    }

    /**
     * Reads a manifest and checks all of it.
     *
     * @param maxExtents how many extents and holes it may have
     * @throws dev.stardust.chunk.chunk.CorruptChunkException when it is damaged, contradicts itself or is too large
     * @throws dev.stardust.chunk.store.UnsupportedVersionException when a newer release wrote it
     */
    public static Manifest read(ChunkId root, ChunkSource source, int maxExtents) throws IOException {
        Manifest.Builder[] manifest = new Manifest.Builder[1];
        new Reader(
                        source,
                        maxExtents,
                        piece -> {},
                        size -> manifest[0] = Manifest.builder(size),
                        (at, length, id) -> manifest[0].add(at, length, id))
                .read(root);
        return manifest[0].build();
    }

    /** The ids of all pieces of a manifest, root first: what must be kept and copied with its chunks. */
    public static List<ChunkId> pieces(ChunkId root, ChunkSource source) throws IOException {
        List<ChunkId> ids = new ArrayList<>();
        new Reader(source, MAX_EXTENTS, ids::add, size -> {}, (at, length, id) -> {}).read(root);
        return ids;
    }

    /**
     * Names all that must be kept with a manifest, its pieces and its chunks, a chunk as often as it occurs. Takes little
     * memory however large the manifest is.
     */
    public static void forEach(ChunkId root, ChunkSource source, Consumer<ChunkId> needed) throws IOException {
        new Reader(source, Integer.MAX_VALUE, needed, size -> {}, (at, length, id) -> needed.accept(id)).read(root);
    }

    /** Gets the extents of a manifest that is read. */
    @FunctionalInterface
    private interface Extents {
        void extent(long at, int length, ChunkId id);
    }

    private static final class Writer {
        private final ChunkSink sink;
        private final List<PieceFormat.Encoder> levels = new ArrayList<>();

        Writer(ChunkSink sink) {
            this.sink = sink;
        }

        ChunkId write(Manifest m) throws IOException {
            long at = 0;
            for (int i = 0; i < m.count(); i++) {
                hole(m.offset(i) - at);
                add(0, m.length(i), m.id(i));
                at = m.end(i);
            }
            hole(m.sizeBytes() - at);
            for (int level = 0; ; level++) {
                boolean top = level == levels.size() - 1;
                PieceFormat.Encoder encoder = levels.get(level);
                if (top) {
                    return put(encoder);
                }
                if (!encoder.isEmpty()) {
                    flush(level);
                }
            }
        }

        private void hole(long length) throws IOException {
            if (length > 0) {
                add(0, length, ChunkId.ZERO);
            }
        }

        private void add(int level, long length, ChunkId id) throws IOException {
            if (level == levels.size()) {
                levels.add(new PieceFormat.Encoder(level));
            }
            if (levels.get(level).isFull()) {
                flush(level);
            }
            levels.get(level).add(length, id);
        }

        private void flush(int level) throws IOException {
            PieceFormat.Encoder encoder = levels.get(level);
            ChunkId id = put(encoder);
            long covered = encoder.coveredBytes();
            encoder.clear();
            add(level + 1, covered, id);
        }

        private ChunkId put(PieceFormat.Encoder encoder) throws IOException {
            ByteBuffer piece = encoder.piece();
            ChunkId id = Blake3.hash(piece);
            sink.put(id, piece);
            return id;
        }
    }

    private static final class Reader {
        private final ChunkSource source;
        private final int maxExtents;
        private final Consumer<ChunkId> pieces;
        private final LongConsumer size;
        private final Extents extents;
        private long at;
        private int entries;
        private boolean lastWasHole;

        Reader(ChunkSource source, int maxExtents, Consumer<ChunkId> pieces, LongConsumer size, Extents extents) {
            this.source = source;
            this.maxExtents = maxExtents;
            this.pieces = pieces;
            this.size = size;
            this.extents = extents;
        }

        void read(ChunkId root) throws IOException {
            PieceFormat piece = PieceFormat.wrap(root, source.fetch(root));
            long covered = piece.coveredBytes();
            if (covered < 1 || covered > Manifest.MAX_SIZE_BYTES) {
                throw piece.wrong("it describes " + covered + " bytes");
            }
            pieces.accept(root);
            size.accept(covered);
            read(piece);
        }

        private void read(PieceFormat piece) throws IOException {
            long end = at + piece.coveredBytes();
            for (int i = 0; i < piece.entries(); i++) {
                long length = piece.length(i);
                ChunkId id = piece.id(i);
                if (length < 1 || length > end - at) {
                    throw piece.wrong("entry " + i + " of " + length + " bytes at " + at + " passes its end at " + end);
                }
                if (piece.level() == 0) {
                    extent(piece, length, id);
                } else {
                    child(piece, length, id);
                }
            }
            if (at != end) {
                throw piece.wrong("its entries end at " + at + ", not at " + end);
            }
        }

        private void extent(PieceFormat piece, long length, ChunkId id) throws IOException {
            if (++entries > maxExtents) {
                throw piece.wrong("the manifest has more than " + maxExtents + " extents");
            }
            boolean hole = id.isZero();
            if (hole && lastWasHole) {
                throw piece.wrong("two holes in a row at " + at);
            }
            lastWasHole = hole;
            if (!hole) {
                if (length > FastCdc.MAX_CHUNK_BYTES) {
                    throw piece.wrong("a chunk of " + length + " bytes at " + at);
                }
                extents.extent(at, (int) length, id);
            }
            at += length;
        }

        private void child(PieceFormat piece, long length, ChunkId id) throws IOException {
            PieceFormat child = PieceFormat.wrap(id, source.fetch(id));
            if (child.level() != piece.level() - 1 || child.coveredBytes() != length) {
                throw piece.wrong("piece " + id + " is not the one for " + length + " bytes at " + at);
            }
            pieces.accept(id);
            read(child);
        }
    }
}
