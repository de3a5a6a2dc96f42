package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.StreamData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        description =
                "Imports a disk image (raw, ISO or qcow2; tars, images of containers and folders as an ext4): chunked,"
                        + " deduplicated, compressed; spread over the ring by a node, or"
                        + " with --store into a folder, without any node. A disk with a kernel and initrd in it, and an image of a"
                        + " container, can be started afterwards.")
final class ImageImportCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Option(names = "--name", paramLabel = "NAME", description = "the image's name (default: the file's)")
    private String name;

    @Mixin
    private StoreOption store;

    @Mixin
    private BootOptions boot;

    @Option(
            names = "--sha256",
            description = "with --store: take the SHA-256 of the whole image too (a node always does)")
    private boolean sha256;

    @Parameters(
            paramLabel = "FILE",
            description = "a file or folder that the node can read; with --store also '-' for stdin")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        boolean stdin = store.isGiven() && file.toString().equals("-");
        if (!stdin && !Files.isReadable(file)) {
            throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": check the path");
        }
        if (store.isGiven() && boot.isGiven()) {
            throw new CliException(
                    CliException.USAGE, "how an image starts is known to clusters only: leave that out with --store");
        }
        if (stdin && name == null) {
            throw new CliException(CliException.USAGE, "what comes from stdin needs a --name");
        }
        String image = name != null
                ? name
                : file.getFileName().toString().replaceFirst("\\.(raw|img|ext4|qcow2|tgz|tar|tar\\.(gz|zst))$", "");
        JsonNode r = store.isGiven()
                ? importHere(image, stdin)
                : ImageImport.byNode(node.client(), image, file, boot.json());
        output.print(spec.commandLine().getOut(), r, out -> ImageImport.show(out, image, r));
        return 0;
    }

    private JsonNode importHere(String image, boolean stdin) throws IOException {
        try (LocalStore local = store.open();
                ByteProgress bar = ByteProgress.of(image)) {
            ImportResult result = stdin
                    ? local.importImage(image, new StreamData("stdin", System.in, 0), sha256, bar::to)
                    : local.importFile(image, file, sha256, bar::to);
            return ApiClient.JSON
                    .createObjectNode()
                    .put("name", image)
                    .put("sizeBytes", result.sizeBytes())
                    .put("chunks", result.chunks())
                    .put("newChunks", result.newChunks())
                    .put("storedBytes", result.storedBytes())
                    .put("manifest", local.image(image).manifest())
                    .put("sha256", result.sha256());
        }
    }
}
