package dev.stardust.migration.page;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.Random;

/**
 * Prints how fast a core encodes and applies a 256 MiB memory; no test. Half of the memory is filled, the first half of
 * each of its pages random, as the migration benchmark does.
 */
public final class PageEncoderMeasurement {
    private static final int PAGES = 65_536;
    private static final int FILLED = PAGES / 2;
    private static final int RUNS = 7;
    private static final int MAX_FRAME_BYTES = 120 << 10;

    private PageEncoderMeasurement() {}

    public static void main(String[] args) {
        for (int randomBytes : new int[] {Pages.SIZE / 2, Pages.SIZE}) {
            try (GuestMemory memory = GuestMemory.create((long) PAGES * Pages.SIZE)) {
                byte[] some = new byte[randomBytes];
                Random random = new Random(1);
                for (int gfn = 0; gfn < FILLED; gfn++) {
                    random.nextBytes(some);
                    memory.write((long) gfn * Pages.SIZE, some);
                }
                for (PageCompression compression : PageCompression.values()) {
                    measure(memory, compression, randomBytes);
                }
            }
        }
    }

    private static void measure(GuestMemory memory, PageCompression compression, int randomBytes) {
        double encode = Double.MAX_VALUE;
        double apply = Double.MAX_VALUE;
        RoundCounts counts = null;
        for (int run = 0; run < RUNS; run++) {
            try (GuestMemory copy = GuestMemory.create((long) PAGES * Pages.SIZE);
                    PageApplier applier =
                            new PageApplier(PageRange.of(copy), null, new long[0], (disk, block, address) -> {})) {
                long[] applyNanos = new long[1];
                FrameSink sink = (buffer, offset, length) -> {
                    long start = System.nanoTime();
                    applier.apply(buffer, offset, length);
                    applyNanos[0] += System.nanoTime() - start;
                };
                DirtyBitmap all = new DirtyBitmap(PAGES);
                all.setAll();
                try (PageEncoder encoder = new PageEncoder(
                        PageRange.of(memory), null, Blake3::hashPages, compression, MAX_FRAME_BYTES, sink)) {
                    long start = System.nanoTime();
                    encoder.pages(all);
                    counts = encoder.endRound(1, true);
                    encode = Math.min(encode, (System.nanoTime() - start - applyNanos[0]) / 1e6);
                    apply = Math.min(apply, applyNanos[0] / 1e6);
                }
            }
        }
        double mib = FILLED * (double) Pages.SIZE / (1 << 20);
        System.out.printf(
                "random bytes a page %4d  %-5s  encode %5.0f ms  %5.0f MiB/s of filled pages  apply %5.0f ms"
                        + "  %6.1f MiB on the wire%n",
                randomBytes, compression, encode, mib / encode * 1000, apply, counts.wireBytes() / (double) (1 << 20));
    }
}
