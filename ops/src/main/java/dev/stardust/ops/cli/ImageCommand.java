package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.StreamData;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "image",
        mixinStandardHelpOptions = true,
        description = "Imports disk images, lists them, shows what can be booted from them.",
        subcommands = {
            ImageCommand.Import.class,
            ImageCommand.Ls.class,
            ImageInspectCommand.class,
            ImageStoreCommands.Export.class,
            ImageStoreCommands.Remove.class,
            ImageStoreCommands.Collect.class,
            ImageStoreCommands.Stats.class,
            ImageScrubCommand.class
        })
final class ImageCommand {
    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description =
                    "Imports a disk image (raw, ISO or qcow2; tars, images of containers and folders as an ext4): chunked,"
                            + " deduplicated, compressed; spread over the ring by a node, or"
                            + " with --store into a folder, without any node.")
    static final class Import implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Option(names = "--name", paramLabel = "NAME", description = "the image's name (default: the file's)")
        private String name;

        @Mixin
        private StoreOption store;

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
            if (stdin && name == null) {
                throw new CliException(CliException.USAGE, "what comes from stdin needs a --name");
            }
            String image = name != null
                    ? name
                    : file.getFileName().toString().replaceFirst("\\.(raw|img|ext4|qcow2|tgz|tar|tar\\.(gz|zst))$", "");
            JsonNode r = store.isGiven() ? importHere(image, stdin) : importByNode(image);
            output.print(
                    spec.commandLine().getOut(),
                    r,
                    out -> out.printf(
                            "%s: %s in %d chunks, %d new, %s stored%s%n",
                            image,
                            Units.bytes(r.path("sizeBytes").asLong()),
                            r.path("chunks").asLong(),
                            r.path("newChunks").asLong(),
                            Units.bytes(r.path("storedBytes").asLong()),
                            r.path("sha256").asText().replaceFirst("^(?=.)", ", sha256 ")));
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

        private JsonNode importByNode(String image) {
            ApiClient client = node.client();
            JsonNode job = client.post(
                    "/images",
                    Map.of("name", image, "path", file.toAbsolutePath().toString()));
            return Jobs.await(client, job, image, state -> {});
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the images.")
    static final class Ls extends AskCommand {
        @Mixin
        private StoreOption store;

        @Override
        JsonNode askHere() throws IOException {
            return store.isGiven() ? listHere() : null;
        }

        private JsonNode listHere() throws IOException {
            try (LocalStore local = store.open()) {
                return ApiClient.JSON.valueToTree(local.images());
            }
        }

        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/images");
        }

        @Override
        void show(PrintWriter out, JsonNode images) {
            Table table = new Table("NAME", "KIND", "SIZE", "MANIFEST", "SHA256");
            for (JsonNode i : images) {
                table.row(
                        i.path("name").asText(),
                        i.path("kind").asText("disk"),
                        Units.bytes(i.path("sizeBytes").asLong()),
                        i.path("manifest").asText().substring(0, 12),
                        i.path("sha256").asText());
            }
            table.print(out);
        }
    }
}
