package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;

/** Imports an image by a node. */
final class ImageImport {
    private ImageImport() {}

    /**
     * Imports it.
     *
     * @param boot how it is to start
     * @return what the node answers
     */
    static JsonNode byNode(ApiClient client, String name, Path file, Map<String, Object> boot) {
        JsonNode job = client.post(
                "/images", Map.of("name", name, "path", file.toAbsolutePath().toString(), "boot", boot));
        return Jobs.await(client, job, name, state -> {});
    }

    /** Tells what was imported, and how it starts if it does. */
    static void show(PrintWriter out, String name, JsonNode imported) {
        out.printf(
                "%s: %s in %d chunks, %d new, %s stored%s%n",
                name,
                Units.bytes(imported.path("sizeBytes").asLong()),
                imported.path("chunks").asLong(),
                imported.path("newChunks").asLong(),
                Units.bytes(imported.path("storedBytes").asLong()),
                imported.path("sha256").asText().replaceFirst("^(?=.)", ", sha256 "));
        if (imported.path("boot").isObject()) {
            out.printf("%s: starts with %s%n", name, BootText.of(imported.path("boot")));
        }
        for (JsonNode note : imported.path("notes")) {
            out.printf("%s: %s%n", name, BootText.printable(note.asText()));
        }
    }
}
