package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
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
        subcommands = {ImageCommand.Import.class, ImageCommand.Ls.class, ImageInspectCommand.class})
final class ImageCommand {
    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description = "Imports a raw disk image: chunked, deduplicated, compressed, spread over the ring.")
    static final class Import implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Option(names = "--name", paramLabel = "NAME", description = "the image's name (default: the file's)")
        private String name;

        @Parameters(paramLabel = "FILE", description = "a file that the node can read")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            if (!Files.isReadable(file)) {
                throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": check the path");
            }
            String image = name != null ? name : file.getFileName().toString().replaceFirst("\\.(raw|img|ext4)$", "");
            ApiClient client = node.client();
            JsonNode job = client.post(
                    "/images",
                    Map.of("name", image, "path", file.toAbsolutePath().toString()));
            JsonNode r = Jobs.await(client, job, image, state -> {});
            output.print(
                    spec.commandLine().getOut(),
                    r,
                    out -> out.printf(
                            "%s: %s in %d chunks, %d new, %s stored, sha256 %s%n",
                            image,
                            Units.bytes(r.path("sizeBytes").asLong()),
                            r.path("chunks").asLong(),
                            r.path("newChunks").asLong(),
                            Units.bytes(r.path("storedBytes").asLong()),
                            r.path("sha256").asText()));
            return 0;
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the images.")
    static final class Ls extends AskCommand {
        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/images");
        }

        @Override
        void show(PrintWriter out, JsonNode images) {
            Table table = new Table("NAME", "SIZE", "MANIFEST", "SHA256");
            for (JsonNode i : images) {
                table.row(
                        i.path("name").asText(),
                        Units.bytes(i.path("sizeBytes").asLong()),
                        i.path("manifest").asText().substring(0, 12),
                        i.path("sha256").asText());
            }
            table.print(out);
        }
    }
}
