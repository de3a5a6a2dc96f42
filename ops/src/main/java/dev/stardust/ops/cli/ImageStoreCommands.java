package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.StoreUsage;
import dev.stardust.chunk.store.SweepReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What can be done with the images of a store in a folder only. */
final class ImageStoreCommands {
    private ImageStoreCommands() {}

    @Command(
            name = "export",
            mixinStandardHelpOptions = true,
            description = "Writes an image of a store into a new raw, sparse file.")
    static final class Export implements Callable<Integer> {
        @Mixin
        private StoreOption store;

        @Parameters(index = "0", paramLabel = "NAME", description = "the image")
        private String name;

        @Parameters(index = "1", paramLabel = "FILE", description = "the file to be made")
        private Path file;

        @Override
        public Integer call() throws IOException {
            try (LocalStore local = store.open();
                    ByteProgress bar = ByteProgress.of(name)) {
                local.export(name, file.toAbsolutePath(), bar::to);
            }
            return 0;
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description = "Removes images of a store; 'image gc' gives their space back.")
    static final class Remove implements Callable<Integer> {
        @Mixin
        private StoreOption store;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "the images")
        private List<String> names;

        @Override
        public Integer call() throws IOException {
            try (LocalStore local = store.open()) {
                for (String name : names) {
                    local.remove(name);
                }
            }
            return 0;
        }
    }

    @Command(
            name = "gc",
            mixinStandardHelpOptions = true,
            description = "Gives the space back of chunks that no image of a store needs.")
    static final class Collect implements Callable<Integer> {
        @Mixin
        private StoreOption store;

        @Mixin
        private OutputOptions output;

        @Option(names = "--dry-run", description = "only tells what would be freed")
        private boolean dryRun;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            try (LocalStore local = store.open()) {
                SweepReport report = local.collect(dryRun);
                output.print(
                        spec.commandLine().getOut(),
                        ApiClient.JSON.valueToTree(report),
                        out -> out.printf(
                                "%s needed, %s not, %s of it %s; %s moved%n",
                                Units.bytes(report.liveBytes()),
                                Units.bytes(report.deadBytes()),
                                Units.bytes(report.freedBytes()),
                                dryRun ? "would be freed" : "freed",
                                Units.bytes(report.movedBytes())));
            }
            return 0;
        }
    }

    @Command(
            name = "stats",
            mixinStandardHelpOptions = true,
            description = "Shows what the images of a store take, what they share, and what removing each would free.")
    static final class Stats implements Callable<Integer> {
        @Mixin
        private StoreOption store;

        @Mixin
        private OutputOptions output;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            try (LocalStore local = store.open()) {
                StoreUsage usage = local.usage();
                JsonNode json = ApiClient.JSON.valueToTree(usage);
                output.print(spec.commandLine().getOut(), json, out -> show(out, usage));
            }
            return 0;
        }

        private static void show(PrintWriter out, StoreUsage usage) {
            Table table = new Table("IMAGE", "SIZE", "DATA", "UNIQUE", "STORED", "RM FREES");
            for (StoreUsage.OfImage i : usage.images()) {
                table.row(
                        i.name(),
                        Units.bytes(i.logicalBytes()),
                        Units.bytes(i.dataBytes()),
                        Units.bytes(i.uniqueBytes()),
                        Units.bytes(i.storedBytes()),
                        Units.bytes(i.ownBytes()));
            }
            table.print(out);
            out.printf(
                    "%nAll: %s logical, %s data, %s unique, %s stored: deduplicated %s, compressed %s.%n",
                    Units.bytes(usage.logicalBytes()),
                    Units.bytes(usage.dataBytes()),
                    Units.bytes(usage.uniqueBytes()),
                    Units.bytes(usage.storedBytes()),
                    times(usage.dataBytes(), usage.uniqueBytes()),
                    times(usage.uniqueBytes(), usage.storedBytes()));
            long unneeded = usage.store().storedBytes() - usage.storedBytes();
            out.printf(
                    "Segments hold %d chunks, %s; %s more than the images need (manifests, and what 'image gc' frees).%n",
                    usage.store().chunks(),
                    Units.bytes(usage.store().storedBytes()),
                    Units.bytes(Math.max(0, unneeded)));
        }

        private static String times(long of, long by) {
            return by == 0 ? "-" : String.format(Locale.ROOT, "%.2f times", (double) of / by);
        }
    }
}
