package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.build.CloudKernel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Imports kernels by a node. */
final class KernelImport {
    private static final String CLOUD = "debian-cloud";

    private KernelImport() {}

    /**
     * Imports one.
     *
     * @param name its name, or null for one made of its version
     * @param modules a folder or tar of its modules, or null
     * @return what the node answers
     */
    static JsonNode byNode(ApiClient client, String name, Path file, Path modules) {
        Map<String, Object> kernel = new LinkedHashMap<>();
        kernel.put("path", file.toAbsolutePath().toString());
        if (name != null) {
            kernel.put("name", name);
        }
        if (modules != null) {
            kernel.put("modules", modules.toAbsolutePath().toString());
        }
        JsonNode job = client.post("/kernels", kernel);
        return Jobs.await(client, job, name == null ? file.getFileName().toString() : name, state -> {});
    }

    /** The name of the cluster's kernel of Debian's newest version for virtual machines, imported unless it is there. */
    static String ensureCloud(ApiClient client) throws IOException {
        try {
            CloudKernel newest = CloudKernel.newest();
            Set<String> names = new HashSet<>();
            for (JsonNode kernel : client.get("/kernels")) {
                if (kernel.path("version").asText().equals(newest.version())) {
                    return kernel.path("name").asText();
                }
                names.add(kernel.path("name").asText());
            }
            String numbered =
                    CLOUD + "-" + newest.version().replace("-cloud-amd64", "").replaceAll("[^a-z0-9]+", "-");
            String name = names.contains(CLOUD) ? numbered : CLOUD;
            byNode(client, name, newest.download(), null);
            return name;
        } catch (IOException e) {
            throw new IOException(
                    e.getMessage() + "; or name a kernel that is there by --kernel ('stardust kernel ls')", e);
        }
    }
}
