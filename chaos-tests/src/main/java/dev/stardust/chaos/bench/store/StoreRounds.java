package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Lets tools ingest and restore the same images, in turns. */
final class StoreRounds {
    private static final int TIMEOUT_S = 600;

    private final List<Path> images;
    private final Path folder;
    private final PrintStream progress;

    StoreRounds(List<Path> images, Path folder, PrintStream progress) {
        this.images = images;
        this.folder = folder;
        this.progress = progress;
    }

    StoreFigures run(List<StoreTool> tools, int rounds) throws IOException {
        StoreFigures figures = new StoreFigures(logicalBytes());
        for (int round = 0; round <= rounds; round++) {
            for (StoreTool tool : tools) {
                progress.printf("round %d of %d: %s%n", round, rounds, tool.name());
                StoreFigures.Round r = round(tool, round);
                if (round > 0) { // The first warms the cache with the images, and our JVM.
                    figures.add(tool.name(), r);
                }
            }
        }
        return figures;
    }

    private long logicalBytes() throws IOException {
        long sum = 0;
        for (Path image : images) {
            sum += Files.size(image);
        }
        return sum;
    }

    private StoreFigures.Round round(StoreTool tool, int round) throws IOException {
        Path work = Files.createDirectory(folder.resolve(tool.name().replaceAll("[^A-Za-z0-9]", "") + round));
        Files.createDirectory(work.resolve("home"));
        Path repository = work.resolve("repository");
        tool.create(repository);
        Timing ingest = Timing.NONE;
        for (Path image : images) {
            ingest = ingest.plus(tool.ingest(repository, image));
        }
        long size = size(repository);
        Timing restore = Timing.NONE;
        for (Path image : images) {
            Path target = Files.createDirectory(work.resolve("restored")).resolve("image");
            restore = restore.plus(tool.restore(repository, image, target));
            External.run(TIMEOUT_S, List.of("cmp", image.toString(), target.toString()));
            LocalCluster.deleteTree(target.getParent());
        }
        tool.close(repository);
        LocalCluster.deleteTree(work);
        return new StoreFigures.Round(ingest, size, restore);
    }

    private static long size(Path repository) throws IOException {
        try (Stream<Path> files = Files.walk(repository)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }
}
