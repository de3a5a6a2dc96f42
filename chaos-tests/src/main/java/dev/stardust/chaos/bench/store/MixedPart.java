package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import dev.stardust.chaos.report.Report;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.LocalVolumes;
import dev.stardust.chunk.local.StoreUsage;
import dev.stardust.chunk.manifest.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Very many Debian images, each with another package installed, and clones of each with writes of their own. */
final class MixedPart {
    private static final String SIZE = "2500M";
    private static final long SIZE_BYTES = 2500L << 20;
    private static final int OWN_MB = 20;
    private static final int CLONES_EACH = 10;
    private static final int TIMEOUT_S = 900;
    private static final double MB = 1e6;

    private final Path folder;
    private final Path cache;
    private final int bases;

    /** @param cache where a minimal Debian and packages that were fetched are kept for the next time */
    MixedPart(Path folder, Path cache, int bases) {
        this.folder = folder;
        this.cache = cache;
        this.bases = bases;
    }

    void addTo(Report report) throws IOException {
        Files.createDirectories(folder);
        Path scripts = Report.home().resolve("benchmarks/bases");
        List<String> packages = Files.readAllLines(scripts.resolve("packages.txt"));
        int count = Math.min(bases, packages.size());
        Path root = cache.resolve("root");
        if (!Files.exists(root)) {
            External.run(TIMEOUT_S, List.of(scripts.resolve("root.sh").toString(), root.toString()));
        }
        Path folderOfStore = folder.resolve("store");
        RandomWrites writes = new RandomWrites(2, OWN_MB);
        long inFiles = 0;
        long withoutClones;
        StoreUsage usage;
        try (LocalStore store = LocalStore.open(folderOfStore)) {
            for (int i = 0; i < count; i++) {
                String name = "base-" + i;
                Path image = folder.resolve(name);
                External.run(
                        TIMEOUT_S,
                        List.of(
                                scripts.resolve("base.sh").toString(),
                                root.toString(),
                                cache.resolve("debs").toString(),
                                packages.get(i),
                                SIZE,
                                image.toString()));
                inFiles += DiskUse.bytes(image);
                store.importFile(name, image, false, Progress.NONE);
                Files.delete(image);
            }
            usage = store.usage();
            withoutClones = DiskUse.bytes(folderOfStore);
            LocalVolumes volumes = store.volumes();
            for (int i = 0; i < count; i++) {
                String name = "base-" + i;
                volumes.createFrom(name, store.image(name));
                for (int k = 0; k < CLONES_EACH; k++) {
                    String clone = name + "-" + k;
                    volumes.clone(name, clone);
                    writes.write(volumes, clone);
                }
            }
        }
        long taken = DiskUse.bytes(folderOfStore);
        double sum = (double) count * (1 + CLONES_EACH) * SIZE_BYTES;
        report.add(String.format(
                Locale.ROOT,
                "%,d Debian images of %.0f MB, each with another package and all it needs installed (benchmarks/bases), %,.0f MB as"
                        + " sparse files: the store takes %,.0f MB (unique %,.0f MB before compression), %.1f MB an image. %d clones"
                        + " of each, with %.1f MB of random bytes each: %,.0f MB, the plain sum is %,.0f MB: %.2f %% less.",
                count,
                SIZE_BYTES / MB,
                inFiles / MB,
                withoutClones / MB,
                usage.uniqueBytes() / MB,
                withoutClones / MB / count,
                CLONES_EACH,
                writes.bytesEach() / MB,
                taken / MB,
                sum / MB,
                100 * (1 - taken / sum)));
    }
}
