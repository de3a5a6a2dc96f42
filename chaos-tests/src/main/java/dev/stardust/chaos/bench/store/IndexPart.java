package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.report.Report;
import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.SweepReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/** A store of very many very small chunks: its index, its opening, its collection. */
final class IndexPart {
    private static final int CHUNK_BYTES = 8;
    private static final int LOOK_EVERY = 10_000;
    private static final double NS = 1e9;

    private final Path folder;
    private final long chunks;
    private final NativeBuffer chunk = new NativeBuffer(CHUNK_BYTES);

    IndexPart(Path folder, long chunks) {
        this.folder = folder;
        this.chunks = chunks;
    }

    private ChunkId id(long number) {
        chunk.buffer().putLong(0, number);
        return Blake3.hash(chunk.address(), CHUNK_BYTES);
    }

    void addTo(Report report) throws IOException {
        double most = 0;
        long began = System.nanoTime();
        try (ChunkStore store = ChunkStore.open(folder)) {
            for (long i = 0; i < chunks; i++) {
                ChunkId id = id(i);
                store.put(id, chunk.buffer());
                if (i % LOOK_EVERY == LOOK_EVERY - 1 && i > chunks / 10) {
                    most = Math.max(
                            most,
                            store.stats().indexBytes() / (double) store.stats().chunks());
                }
            }
        }
        double putS = (System.nanoTime() - began) / NS;
        double opened;
        double collected;
        SweepReport swept;
        began = System.nanoTime();
        try (ChunkStore store = ChunkStore.open(folder)) {
            opened = (System.nanoTime() - began) / NS;
            began = System.nanoTime();
            swept = store.collect(
                    needed -> {
                        for (long i = 0; i < chunks; i += 2) {
                            needed.accept(id(i));
                        }
                    },
                    segment -> false,
                    false);
            collected = (System.nanoTime() - began) / NS;
        }
        report.add(String.format(
                Locale.ROOT,
                "A store of %,d chunks of 8 bytes: put in %.0f s; at most %.1f bytes of index a chunk while it grew (from a tenth"
                        + " of them on); opened in %.2f s; a collection that needs every second chunk took %.1f s, freed"
                        + " %,d and moved %,d bytes. Its marks lie in the index, so that memory is the index's: %,.0f MB for"
                        + " 100,000,000 chunks.",
                chunks,
                putS,
                most,
                opened,
                collected,
                swept.freedBytes(),
                swept.movedBytes(),
                most * 100));
    }
}
