package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.hypervisor.boot.BootCatalog;
import dev.stardust.hypervisor.boot.BootException;
import dev.stardust.hypervisor.boot.IsoBootConfig;
import dev.stardust.hypervisor.boot.IsoImage;
import dev.stardust.hypervisor.boot.KernelKind;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description =
                "Shows what in an ISO image can be booted: its boot entries, and what its boot loaders would start;"
                        + " of a kernel, how it can be booted. Needs no node. Of an image of the cluster, how it starts.")
final class ImageInspectCommand implements Callable<Integer> {
    @Mixin
    private OutputOptions output;

    @Mixin
    private NodeOptions node;

    @Parameters(paramLabel = "FILE|IMAGE", description = "a local file, or the name of an image of the cluster")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (!Files.exists(file) && file.toString().matches("[a-z0-9-]{1,40}")) {
            inspectImage(file.toString());
            return 0;
        }
        if (!Files.isReadable(file)) {
            throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": check the path");
        }
        try {
            List<String> kinds = KernelKind.of(file);
            if (kinds.isEmpty()) {
                inspectIso();
            } else {
                inspectKernel(kinds);
            }
            return 0;
        } catch (BootException e) {
            throw new CliException(CliException.REFUSED, e.getMessage());
        }
    }

    private void inspectImage(String name) {
        for (JsonNode image : node.client().get("/images")) {
            if (image.path("name").asText().equals(name)) {
                output.print(spec.commandLine().getOut(), image, out -> {
                    out.printf(
                            "%s: %s, manifest %s, sha256 %s%n",
                            name,
                            Units.bytes(image.path("sizeBytes").asLong()),
                            image.path("manifest").asText(),
                            image.path("sha256").asText());
                    BootText.show(out, image.path("boot"));
                });
                return;
            }
        }
        throw new CliException(
                CliException.NOT_FOUND, "there is neither a file nor an image " + name + ": see 'stardust image ls'");
    }

    private void inspectKernel(List<String> kinds) {
        ObjectNode all = ApiClient.JSON.createObjectNode().put("file", file.toString());
        kinds.forEach(all.putArray("kinds")::add);
        output.print(spec.commandLine().getOut(), all, out -> out.println(file + ": " + String.join("; ", kinds)));
    }

    private void inspectIso() throws IOException {
        try (IsoImage iso = IsoImage.open(file)) {
            ObjectNode all = describe(iso);
            output.print(spec.commandLine().getOut(), all, out -> show(out, all));
        }
    }

    private ObjectNode describe(IsoImage iso) throws IOException {
        ObjectNode all = ApiClient.JSON.createObjectNode();
        all.put("file", file.toString());
        all.put("volumeId", iso.volumeId());
        all.put("sizeBytes", Files.size(file));
        ArrayNode entries = all.putArray("bootEntries");
        Optional<BootCatalog> catalog = BootCatalog.read(iso);
        catalog.map(BootCatalog::entries).orElse(List.of()).forEach(entry -> entries.addObject()
                .put("bootable", entry.bootable())
                .put("media", entry.media().toString())
                .put("platform", entry.platform().toString())
                .put("loadSegment", entry.loadSegment())
                .put("systemType", entry.systemType())
                .put("sectors", entry.sectors())
                .put("lba", entry.lba()));
        ArrayNode configurations = all.putArray("configurations");
        IsoBootConfig.findAll(iso).forEach(config -> describe(config, configurations.addObject()));
        return all;
    }

    private static void describe(IsoBootConfig config, ObjectNode into) {
        into.put("file", config.file());
        ArrayNode entries = into.putArray("entries");
        for (IsoBootConfig.Entry entry : config.entries()) {
            ObjectNode one = entries.addObject()
                    .put("number", entries.size()) // the one just added counts
                    .put("title", entry.title())
                    .put("id", entry.id())
                    .put("default", entry.isDefault())
                    .put("kernel", entry.kernel());
            entry.initrds().forEach(one.putArray("initrds")::add);
            one.put("commandLine", entry.commandLine());
        }
    }

    private static void show(PrintWriter out, JsonNode all) {
        out.printf(
                "%s: ISO 9660, volume \"%s\", %s%n",
                all.path("file").asText(),
                all.path("volumeId").asText(),
                Units.bytes(all.path("sizeBytes").asLong()));
        Table entries = new Table("ENTRY", "BOOTABLE", "MEDIA", "PLATFORM", "SEGMENT", "TYPE", "SECTORS", "LBA");
        int number = 0;
        for (JsonNode entry : all.path("bootEntries")) {
            entries.row(
                    ++number,
                    entry.path("bootable").asBoolean() ? "yes" : "no",
                    entry.path("media").asText(),
                    entry.path("platform").asText(),
                    String.format("0x%x", entry.path("loadSegment").asInt()),
                    String.format("0x%02x", entry.path("systemType").asInt()),
                    entry.path("sectors").asInt(),
                    entry.path("lba").asLong());
        }
        out.println();
        if (number == 0) {
            out.println("It has no boot catalog.");
        } else {
            entries.print(out);
        }
        all.path("configurations").forEach(config -> showConfiguration(out, config));
    }

    private static void showConfiguration(PrintWriter out, JsonNode config) {
        out.println();
        out.println(printable(config.path("file").asText()) + ":");
        if (config.path("entries").isEmpty()) {
            out.println("It starts no Linux kernel.");
            return;
        }
        Table table = new Table("", "TITLE", "KERNEL", "INITRD", "COMMAND LINE");
        for (JsonNode entry : config.path("entries")) {
            table.row(
                    entry.path("number").asText() + (entry.path("default").asBoolean() ? "*" : ""),
                    printable(entry.path("title").asText()),
                    printable(entry.path("kernel").asText()),
                    printable(entry.path("initrds")
                            .valueStream()
                            .map(JsonNode::asText)
                            .reduce((a, b) -> a + "," + b)
                            .orElse("")),
                    printable(entry.path("commandLine").asText()));
        }
        table.print(out);
    }

    /** Texts come from a file that may be made to play tricks with the terminal. */
    private static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }
}
