package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chaos.report.Table;
import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.RawFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How fast one core cuts, hashes and compresses what images hold. */
final class CoreSpeeds {
    private static final int BYTES = 64 << 20;
    private static final int PAGE_BYTES = 4096;
    private static final int CHUNK_BYTES = 32 << 10;
    private static final int WARM_UPS = 5;
    private static final int RUNS = 11;

    private final NativeBuffer data = new NativeBuffer(BYTES);
    private final NativeBuffer hashes = new NativeBuffer(BYTES / PAGE_BYTES * ChunkId.BYTES);
    private long sink;

    /** @param image with at least 64 MiB of data */
    CoreSpeeds(Path image) throws IOException {
        int filled = 0;
        try (RawFile file = RawFile.open(image)) {
            for (int n = 1; n > 0 && filled < BYTES; filled += n) {
                n = file.read(data.address() + filled, BYTES - filled);
            }
        }
    }

    void addTo(Report report) {
        Table table = new Table("one core, on data of an image", "GB/s, median", "best");
        row(table, "FastCDC", this::cut);
        row(table, "BLAKE3, chunks of 32 KiB", () -> hash(CHUNK_BYTES));
        row(table, "BLAKE3, pages of 4 KiB, one by one", () -> hash(PAGE_BYTES));
        row(table, "BLAKE3, pages of RAM, side by side", this::hashPages);
        row(table, "looking for zeros", this::zeros);
        row(table, "zstd " + ChunkCodec.DEFAULT_LEVEL + ", chunks of 32 KiB", this::compress);
        report.add(table);
        if (sink == 0) {
            throw new IllegalStateException("nothing was done"); // Also keeps the work from being left out.
        }
    }

    private void row(Table table, String name, Runnable work) {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < WARM_UPS + RUNS; i++) {
            long begin = System.nanoTime();
            work.run();
            if (i >= WARM_UPS) {
                seconds.add((System.nanoTime() - begin) / 1e9);
            }
        }
        double best = seconds.stream().mapToDouble(s -> s).min().orElseThrow();
        table.row(name, rate(Summary.of(seconds).median()), rate(best));
    }

    private static String rate(double seconds) {
        return String.format(Locale.ROOT, "%.2f", BYTES / 1e9 / seconds);
    }

    private void cut() {
        for (int at = 0; at < BYTES; ) {
            at += FastCdc.DISK.cut(data.address() + at, BYTES - at);
            sink += at;
        }
    }

    private void hash(int length) {
        for (int at = 0; at < BYTES; at += length) {
            sink += Blake3.hash(data.address() + at, length).w0();
        }
    }

    private void hashPages() {
        Blake3.hashPages(data.address(), BYTES / PAGE_BYTES, hashes.address());
        sink += hashes.buffer().getLong(0);
    }

    private void zeros() {
        for (int at = 0; at < BYTES; at += PAGE_BYTES) {
            sink += NativeBuffer.isZero(data.address() + at, PAGE_BYTES) ? 1 : 0;
        }
    }

    private void compress() {
        for (int at = 0; at < BYTES; at += CHUNK_BYTES) {
            sink += ChunkCodec.encode(ChunkId.ZERO, data.buffer().slice(at, CHUNK_BYTES), ChunkCodec.DEFAULT_LEVEL)
                    .bytes()
                    .remaining();
        }
    }
}
