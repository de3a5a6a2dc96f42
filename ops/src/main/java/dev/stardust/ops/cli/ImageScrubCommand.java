package dev.stardust.ops.cli;

import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.ScrubResult;
import dev.stardust.chunk.store.Damage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "scrub",
        mixinStandardHelpOptions = true,
        description = "Reads all of a store from the disk and checks it; says which images are damaged, mends them from"
                + " another store. Ends with 1 when something is lost. One that is stopped goes on where it was.")
final class ImageScrubCommand implements Callable<Integer> {
    private static final int LOST = 1;

    @Mixin
    private StoreOption store;

    @Mixin
    private OutputOptions output;

    @Option(
            names = "--rate-mib",
            paramLabel = "N",
            defaultValue = "0",
            description = "read at most N MiB a second (default: no limit)")
    private int rateMib;

    @Option(names = "--mend-from", paramLabel = "DIR", description = "a store that has the same images")
    private Path mendFrom;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (rateMib < 0) {
            throw new CliException(CliException.USAGE, "--rate-mib is a number from 0 on");
        }
        try (LocalStore local = store.open();
                LocalStore replica = mendFrom == null ? null : StoreOption.openExisting(mendFrom)) {
            ScrubResult result = local.scrub((long) rateMib << 20, replica);
            output.print(spec.commandLine().getOut(), ApiClient.JSON.valueToTree(result), out -> show(out, result));
            return result.lost() ? LOST : 0;
        }
    }

    private static void show(PrintWriter out, String what, ScrubResult.Touched touched) {
        out.printf(
                "%s %s: %d chunks mended, %d lost",
                what, touched.name(), touched.mended().size(), touched.missing().size());
        out.println(
                touched.missing().isEmpty() ? "" : ": import the same data under another name, or mend from a replica");
    }

    private static void show(PrintWriter out, ScrubResult result) {
        for (Damage d : result.report().damages()) {
            out.printf("damaged: segment %d at %d: %s%n", d.segment(), d.offset(), d.reason());
        }
        result.images().forEach(image -> show(out, "image", image));
        result.volumes().forEach(volume -> show(out, "volume", volume));
        out.printf(
                "%d chunks checked, %s read%s: %d damaged%n",
                result.report().records(),
                Units.bytes(result.report().diskBytes()),
                result.report().pastCache()
                        ? " from the disk"
                        : " (through the cache, the file system offers no other way)",
                result.report().damages().size());
    }
}
