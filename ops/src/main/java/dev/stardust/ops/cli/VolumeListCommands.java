package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.VolumeInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What can be done with volumes of the cluster, and with those of a store as well. */
final class VolumeListCommands {
    private static final long BYTES_PER_MIB = 1 << 20;

    private VolumeListCommands() {}

    /** With a store if one is named, else by the node. */
    abstract static class OfBoth extends AskCommand {
        @Mixin
        private StoreOption store;

        /** Does it with a store; gives what is to be printed. */
        abstract JsonNode here(LocalStore local) throws IOException;

        @Override
        final JsonNode askHere() throws IOException {
            if (!store.isGiven()) {
                return null;
            }
            try (LocalStore local = store.open()) {
                return here(local);
            }
        }
    }

    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "Makes a volume, which takes next to no room, whatever its size.")
    static final class Create extends OfBoth {
        @Parameters(paramLabel = "NAME", description = "its name")
        private String name;

        @Option(
                names = "--size",
                paramLabel = "SIZE",
                converter = Bytes.class,
                description = "its size, e.g. 10GiB, which it has without --store unless another is said")
        private Long sizeBytes;

        @Option(names = "--image", paramLabel = "IMAGE", description = "with --store: what an image holds")
        private String image;

        @Option(
                names = "--host",
                paramLabel = "HOST",
                description = "without --store: where (default: the node's host)")
        private String host;

        @Override
        JsonNode here(LocalStore local) throws IOException {
            if ((sizeBytes == null) == (image == null)) {
                throw new CliException(CliException.USAGE, "of a store: give either --size or --image");
            }
            if (image != null) {
                local.volumes().createFrom(name, local.image(image));
            } else {
                local.volumes().create(name, sizeBytes);
            }
            return ApiClient.JSON.valueToTree(local.volumes().info(name));
        }

        @Override
        JsonNode ask(ApiClient client) {
            if (image != null) {
                throw new CliException(CliException.USAGE, "--image is for a store: name it by --store");
            }
            Map<String, Object> volume = new LinkedHashMap<>();
            volume.put("name", name);
            if (sizeBytes != null) {
                volume.put("size", inMib());
            }
            if (host != null) {
                volume.put("host", host);
            }
            return client.post("/volumes", volume);
        }

        private String inMib() {
            if (sizeBytes % BYTES_PER_MIB != 0) {
                throw new CliException(CliException.USAGE, "--size is a whole number of MiB without --store");
            }
            return sizeBytes / BYTES_PER_MIB + "MiB";
        }

        @Override
        void show(PrintWriter out, JsonNode volume) {
            out.println(volume.path("name").asText());
        }
    }

    @Command(
            name = "ls",
            mixinStandardHelpOptions = true,
            description = "Lists the volumes, and which VMs have them, or what each of a store has written.")
    static final class Ls extends OfBoth {
        @Override
        JsonNode here(LocalStore local) throws IOException {
            ArrayNode all = ApiClient.JSON.createArrayNode();
            for (String name : local.volumes().names()) {
                VolumeInfo info = local.volumes().info(name);
                all.add(ApiClient.JSON.<JsonNode>valueToTree(info));
            }
            return all;
        }

        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/volumes");
        }

        @Override
        void show(PrintWriter out, JsonNode volumes) {
            // Those of a store have layers.
            if (volumes.path(0).has("layers")) {
                showStore(out, volumes);
            } else {
                showCluster(out, volumes);
            }
        }

        private static void showCluster(PrintWriter out, JsonNode volumes) {
            Table table = new Table("NAME", "HOST", "SIZE", "VMS");
            for (JsonNode v : volumes) {
                StringJoiner vms = new StringJoiner(", ").setEmptyValue("-");
                v.path("vms").forEach(vm -> vms.add(vm.asText()));
                table.row(
                        v.path("name").asText(),
                        v.path("host").asText(),
                        Units.bytes(v.path("sizeBytes").asLong()),
                        vms.toString());
            }
            table.print(out);
        }

        private static void showStore(PrintWriter out, JsonNode volumes) {
            Table table = new Table("NAME", "SIZE", "IMAGE", "LAYERS", "OWN CHUNKS", "WRITTEN");
            for (JsonNode v : volumes) {
                String image = v.path("image").asText();
                table.row(
                        v.path("name").asText(),
                        Units.bytes(v.path("sizeBytes").asLong()),
                        image.isEmpty() ? "-" : image,
                        v.path("layers").asText(),
                        Units.bytes(v.path("ownBytes").asLong()),
                        Units.bytes(v.path("deltaBytes").asLong()));
            }
            table.print(out);
        }
    }

    @Command(
            name = "rm",
            mixinStandardHelpOptions = true,
            description =
                    "Removes volumes that no VM has; of a store, 'image gc' gives back the space of what only they had.")
    static final class Remove extends OfBoth {
        @Parameters(arity = "1..*", paramLabel = "NAME", description = "the volumes")
        private List<String> names;

        @Override
        JsonNode here(LocalStore local) throws IOException {
            for (String name : names) {
                local.volumes().remove(name);
            }
            return removed();
        }

        @Override
        JsonNode ask(ApiClient client) {
            names.forEach(name -> client.delete("/volumes/" + ApiClient.escape(name)));
            return removed();
        }

        private JsonNode removed() {
            ArrayNode all = ApiClient.JSON.createArrayNode();
            names.forEach(name -> all.addObject().put("name", name));
            return all;
        }

        @Override
        void show(PrintWriter out, JsonNode volumes) {
            volumes.forEach(volume -> out.println(volume.path("name").asText()));
        }
    }
}
