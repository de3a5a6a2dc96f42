package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import dev.stardust.chaos.report.Report;
import dev.stardust.chaos.report.Summary;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.LocalVolumes;
import dev.stardust.chunk.manifest.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Very many clones of one image, each with writes of its own. */
final class DensityPart {
    private static final String SIZE = "2500M";
    private static final long SIZE_BYTES = 2500L << 20;
    private static final int OWN_MB = 10;
    private static final int TIMEOUT_S = 900;
    private static final double MB = 1e6;
    private static final double MS = 1e6;

    private final Path folder;
    private final Path image;
    private final int clones;

    /** @param image an ext4, made as large as the base is to be */
    DensityPart(Path folder, Path image, int clones) {
        this.folder = folder;
        this.image = image;
        this.clones = clones;
    }

    void addTo(Report report) throws IOException {
        Files.createDirectories(folder);
        Path base = folder.resolve("base.raw");
        External.run(TIMEOUT_S, List.of("cp", "--sparse=always", image.toString(), base.toString()));
        External.run(TIMEOUT_S, List.of("truncate", "-s", SIZE, base.toString()));
        External.run(TIMEOUT_S, List.of("resize2fs", base.toString()));
        List<Double> cloned = new ArrayList<>();
        RandomWrites writes = new RandomWrites(1, OWN_MB);
        Path folderOfStore = folder.resolve("store");
        try (LocalStore store = LocalStore.open(folderOfStore)) {
            store.importFile("base", base, false, Progress.NONE);
            LocalVolumes volumes = store.volumes();
            volumes.createFrom("base", store.image("base"));
            for (int i = 0; i < clones; i++) {
                long began = System.nanoTime();
                volumes.clone("base", "clone-" + i);
                cloned.add((System.nanoTime() - began) / MS);
            }
            for (int i = 0; i < clones; i++) {
                writes.write(volumes, "clone-" + i);
            }
        }
        Files.delete(base);
        long taken = DiskUse.bytes(folderOfStore);
        double sum = (clones + 1.0) * SIZE_BYTES;
        Summary clone = Summary.of(cloned);
        report.add(String.format(
                Locale.ROOT,
                "%,d clones of a Debian image of %.0f MB, each with %.1f MB of random bytes written to places of its own: the store"
                        + " takes %,.0f MB, the plain sum is %,.0f MB: %.2f %% less. A clone was made in %.2f ms (median; the"
                        + " slowest %.2f ms), durably.",
                clones,
                SIZE_BYTES / MB,
                writes.bytesEach() / MB,
                taken / MB,
                sum / MB,
                100 * (1 - taken / sum),
                clone.median(),
                clone.worst()));
    }
}
