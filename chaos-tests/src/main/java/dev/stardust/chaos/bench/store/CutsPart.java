package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Table;
import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.DataChunker;
import dev.stardust.chunk.manifest.RawFile;
import dev.stardust.chunk.store.ChunkSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What the four images would take if they were cut into chunks of other sizes, or compressed more or less: ADRs 10 and 11. */
final class CutsPart {
    private static final int WINDOW_BYTES = 1 << 20;
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    /** Of a chunk in its segment, in the segment's index and in a manifest. */
    private static final int RECORD_BYTES = 56 + 12 + 40;

    private static final double MB = 1e6;
    private static final double NS = 1e9;
    private static final List<Integer> LEVELS = List.of(1, 2, 3, 4, 6, 9);

    /** Least, average and most bytes. */
    private static final List<int[]> SIZES = List.of(
            new int[] {2 << 10, 8 << 10, 32 << 10},
            new int[] {4 << 10, 16 << 10, 64 << 10},
            new int[] {8 << 10, 32 << 10, 64 << 10},
            new int[] {16 << 10, 32 << 10, 64 << 10},
            new int[] {16 << 10, 64 << 10, 64 << 10},
            new int[] {64 << 10, 64 << 10, 64 << 10});

    private final List<Path> images;

    CutsPart(List<Path> images) {
        this.images = images;
    }

    /** Counts what a store would keep. */
    private static final class Counter implements ChunkSink {
        private final Set<ChunkId> ids = ConcurrentHashMap.newKeySet();
        private final AtomicLong raw = new AtomicLong();
        private final AtomicLong stored = new AtomicLong();
        private final LongAdder encodingNs = new LongAdder();
        private final int level;

        Counter(int level) {
            this.level = level;
        }

        @Override
        public int put(ChunkId id, ByteBuffer bytes) {
            if (!ids.add(id)) {
                return 0;
            }
            long began = System.nanoTime();
            int length = ChunkCodec.encode(id, bytes, level).bytes().remaining();
            encodingNs.add(System.nanoTime() - began);
            raw.addAndGet(bytes.remaining());
            stored.addAndGet(length);
            return length;
        }

        @Override
        public void sync() {
            // Nothing is kept.
        }
    }

    void addTo(Report report) throws IOException {
        Table table = new Table(
                "FastCDC, KiB: least/average/most", "chunks", "unique MB", "compressed MB", "with records MB");
        for (int[] sizes : SIZES) {
            Counter counter = new Counter(ChunkCodec.DEFAULT_LEVEL);
            for (Path image : images) {
                cut(image, new FastCdc(sizes[0], sizes[1], sizes[2]), counter);
            }
            long chunks = counter.ids.size();
            table.row(
                    (sizes[0] >> 10) + "/" + (sizes[1] >> 10) + "/" + (sizes[2] >> 10),
                    String.format(Locale.ROOT, "%,d", chunks),
                    megabytes(counter.raw.get()),
                    megabytes(counter.stored.get()),
                    megabytes(counter.stored.get() + chunks * RECORD_BYTES));
        }
        report.add(table);
        addLevelsTo(report);
    }

    private void addLevelsTo(Report report) throws IOException {
        Table table = new Table("zstd level", "compressed MB", "MB/s a thread");
        for (int level : LEVELS) {
            Counter counter = new Counter(level);
            for (Path image : images) {
                cut(image, FastCdc.DISK, counter);
            }
            double rate = counter.raw.get() / MB / (counter.encodingNs.sum() / NS);
            table.row(
                    Integer.toString(level), megabytes(counter.stored.get()), String.format(Locale.ROOT, "%.0f", rate));
        }
        report.add(table);
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f", bytes / MB);
    }

    private static void cut(Path image, FastCdc cdc, ChunkSink sink) throws IOException {
        NativeBuffer window = new NativeBuffer(WINDOW_BYTES);
        try (RawFile file = RawFile.open(image);
                DataChunker chunker = new DataChunker(sink, cdc, THREADS)) {
            for (int n = file.read(window.address(), WINDOW_BYTES);
                    n > 0;
                    n = file.read(window.address(), WINDOW_BYTES)) {
                chunker.data(file.offset(), window.address(), n);
            }
            chunker.finish(file.sizeBytes());
        }
    }
}
