package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.StoreUsage;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.store.ScrubReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How fast a store with the four images is read from the disk and checked, by one thread. */
final class ScrubPart {
    private static final int WARM_UPS = 2;
    private static final int RUNS = 5;
    private static final double MB = 1e6;

    private final Path folder;
    private final List<Path> images;

    ScrubPart(Path folder, List<Path> images) {
        this.folder = folder;
        this.images = images;
    }

    void addTo(Report report) throws IOException {
        List<Timing> timings = new ArrayList<>();
        try (LocalStore store = LocalStore.open(folder)) {
            for (Path image : images) {
                store.importFile(image.getFileName().toString(), image, false, Progress.NONE);
            }
            StoreUsage usage = store.usage();
            ScrubReport[] last = new ScrubReport[1];
            for (int i = 0; i < WARM_UPS + RUNS; i++) {
                timings.add(Timing.of(() -> last[0] = store.scrub(0, null).report()));
            }
            List<Timing> warm = timings.subList(WARM_UPS, timings.size());
            double wallS = Summary.of(warm.stream().map(Timing::wallS).toList()).median();
            double cpuS = Summary.of(warm.stream().map(Timing::cpuS).toList()).median();
            ScrubReport scrubbed = last[0];
            report.add(String.format(
                    Locale.ROOT,
                    "A scrub of the four images, %s: %.2f s, %.2f s of CPU for %.0f MB from the disk, %.0f MB when decompressed, that"
                            + " make %,.0f MB of images (%,.0f MB without holes): %,.0f MB/s of chunks, %,.0f MB/s of images without"
                            + " holes, %,.0f MB/s of images.",
                    scrubbed.pastCache()
                            ? "read past the cache"
                            : "read by the cache (this file system has no other way)",
                    wallS,
                    cpuS,
                    scrubbed.diskBytes() / MB,
                    scrubbed.rawBytes() / MB,
                    usage.logicalBytes() / MB,
                    usage.dataBytes() / MB,
                    scrubbed.rawBytes() / MB / wallS,
                    usage.dataBytes() / MB / wallS,
                    usage.logicalBytes() / MB / wallS));
        }
    }
}
