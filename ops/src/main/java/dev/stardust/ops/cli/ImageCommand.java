package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.local.LocalStore;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "image",
        mixinStandardHelpOptions = true,
        description = "Imports and builds disk images, lists them, shows what can be booted from them.",
        subcommands = {
            ImageImportCommand.class,
            ImageBuildCommand.class,
            ImageCommand.Ls.class,
            ImageInspectCommand.class,
            ImageStoreCommands.Export.class,
            ImageStoreCommands.Remove.class,
            ImageStoreCommands.Collect.class,
            ImageStoreCommands.Stats.class,
            ImageScrubCommand.class
        })
final class ImageCommand {
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
            Table table = new Table("NAME", "KIND", "SIZE", "BOOT", "MANIFEST", "SHA256");
            for (JsonNode i : images) {
                table.row(
                        i.path("name").asText(),
                        i.path("kind").asText("disk"),
                        Units.bytes(i.path("sizeBytes").asLong()),
                        BootText.of(i.path("boot")),
                        i.path("manifest").asText().substring(0, 12),
                        i.path("sha256").asText());
            }
            table.print(out);
        }
    }
}
