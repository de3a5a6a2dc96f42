package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.report.MachineDescription;
import dev.stardust.chaos.report.Report;
import dev.stardust.ops.build.BuildCache;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code stardust bench store}. */
@Command(
        name = "store",
        mixinStandardHelpOptions = true,
        description = "Our chunk store beside borg, restic, casync, squashfs and zstd, with four Debian images.")
public final class StoreCommand implements Callable<Integer> {
    @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "rounds of each (default 3)")
    private int rounds;

    @Option(
            names = "--tools",
            paramLabel = "NAMES",
            split = ",",
            description = "which, by the beginning of their names, with commas between them (default: all)")
    private List<String> tools;

    @Option(
            names = "--parts",
            paramLabel = "PARTS",
            split = ",",
            defaultValue = "speeds,cuts,scrub,index,files,density,mixed,tools",
            description =
                    "which parts, with commas between them: speeds, cuts, scrub, index, files, density, mixed, tools (default: all)")
    private List<String> parts;

    @Option(
            names = "--chunks",
            paramLabel = "N",
            defaultValue = "10000000",
            description = "chunks of the store whose index is measured (default 10000000)")
    private long chunks;

    @Option(
            names = "--files",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "small files of the tree that is packed (default 1000000)")
    private int files;

    @Option(
            names = "--clones",
            paramLabel = "N",
            defaultValue = "1000",
            description = "clones of one image, each with 10 MB of its own (default 1000)")
    private int clones;

    @Option(
            names = "--bases",
            paramLabel = "N",
            defaultValue = "100",
            description = "Debian images with different packages, at most 100 (default 100)")
    private int bases;

    @Override
    public Integer call() throws IOException {
        List<StoreTool> wanted = wanted();
        String command = "./stardust bench store --rounds " + rounds + " --parts " + String.join(",", parts)
                + (tools == null ? "" : " --tools " + String.join(",", tools));
        Report report = new Report("bench-store", "The chunk store beside its peers", command, System.out);
        report.add(MachineDescription.text());
        Path cache = BuildCache.folder().resolve("bench-store");
        List<Path> images = new BenchImages(cache).make();
        try (Teardown teardown = new Teardown()) {
            // The same file system as the repositories of users: a disk, not memory.
            Path folder = Files.createTempDirectory(BuildCache.folder(), "bench-");
            teardown.add(() -> LocalCluster.deleteTree(folder));
            if (parts.contains("speeds")) {
                new CoreSpeeds(images.get(1)).addTo(report);
            }
            if (parts.contains("cuts")) {
                new CutsPart(images).addTo(report);
            }
            if (parts.contains("scrub")) {
                new ScrubPart(folder.resolve("scrub"), images).addTo(report);
            }
            if (parts.contains("index")) {
                new IndexPart(folder.resolve("many"), chunks).addTo(report);
            }
            if (parts.contains("files")) {
                new FilesPart(folder.resolve("files"), files).addTo(report);
            }
            if (parts.contains("density")) {
                new DensityPart(folder.resolve("density"), images.get(1), clones).addTo(report);
            }
            if (parts.contains("mixed")) {
                new MixedPart(folder.resolve("mixed"), cache, bases).addTo(report);
            }
            if (parts.contains("tools")) {
                new StoreRounds(images, folder, System.err).run(wanted, rounds).addTo(report);
            }
        }
        report.write(Report.home());
        return 0;
    }

    private List<StoreTool> wanted() {
        List<StoreTool> all = new ArrayList<>(List.of(new ResidentTool()));
        all.addAll(ShellTool.all());
        if (tools != null) {
            all.removeIf(tool -> tools.stream().noneMatch(tool.name()::startsWith));
        }
        for (StoreTool tool : all) {
            for (String program : tool.programs()) {
                if (!External.present(program)) {
                    throw new ToolException(ToolException.REFUSED, program + " is missing: install it by apt-get");
                }
            }
        }
        return all;
    }
}
