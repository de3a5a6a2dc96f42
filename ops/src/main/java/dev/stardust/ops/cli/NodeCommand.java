package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.ops.launch.NodeProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "node",
        mixinStandardHelpOptions = true,
        description = "Starts a node, lists the hosts.",
        subcommands = {NodeCommand.Start.class, NodeCommand.Ls.class, NodeCommand.Inspect.class})
final class NodeCommand {
    @Command(
            name = "start",
            mixinStandardHelpOptions = true,
            description = "Runs a node in the foreground until it is told to end (SIGTERM). Its VMs live on.")
    static final class Start implements Callable<Integer> {
        @Option(names = "--data", paramLabel = "FOLDER", description = "data folder (default: $STARDUST_DATA)")
        private Path data;

        @Option(names = "--name", paramLabel = "NAME", description = "the host's name (default: the machine's)")
        private String name;

        @Option(names = "--bind", paramLabel = "ADDRESS", description = "address to listen on (default 127.0.0.1)")
        private String bind;

        @Option(names = "--port-base", paramLabel = "PORT", description = "first of four ports (default 7700)")
        private Integer portBase;

        @Option(
                names = "--memory-mib",
                paramLabel = "MIB",
                description = "memory for VMs (default: 3/4 of the machine's)")
        private Integer memoryMib;

        @Option(
                names = "--token-file",
                paramLabel = "FILE",
                description = "file with the API token (default: DATA/token)")
        private Path tokenFile;

        @Option(
                names = "--confine",
                paramLabel = "on|off",
                description = "whether VM workers may do only what they need (default on; off is for debugging)")
        private String confine;

        @Option(
                names = "--nat",
                paramLabel = "auto|bridge|passt",
                description = "by what guests are behind NAT: a bridge and nftables, or passt, which needs no rights"
                        + " (default auto: what the node may do)")
        private String nat;

        @Option(
                names = "--downtime-limit-ms",
                paramLabel = "MS",
                description = "how long a guest may stand still when it moves away; a migration that would take longer"
                        + " is called off (default 1000)")
        private Integer downtimeLimitMs;

        @Option(
                names = "--shared-memory-mib",
                paramLabel = "MIB",
                description = "how much memory disks that several VMs read may take, decompressed once for all; 0 for"
                        + " none (default: 1/8 of the machine's)")
        private Integer sharedMemoryMib;

        @Option(
                names = "--accel",
                paramLabel = "auto|tcg|kvm|hvf",
                description = "what QEMU runs guests' code on (default auto: KVM where that runs Linux, else tcg)")
        private String accel;

        @Option(
                names = "--zstd-level",
                paramLabel = "N",
                description = "how much chunks are compressed, from 1 (fast) to 19 (small) (default "
                        + ChunkCodec.DEFAULT_LEVEL + ")")
        private Integer zstdLevel;

        @Option(names = "--insecure", description = "allow --bind outside loopback although TLS is off")
        private boolean insecure;

        @Override
        public Integer call() throws IOException, InterruptedException {
            List<String> args = new ArrayList<>();
            add(args, "--data", data != null ? data : DataFolder.defaultPath());
            add(args, "--name", name);
            add(args, "--bind", bind);
            add(args, "--port-base", portBase);
            add(args, "--memory-mib", memoryMib);
            add(args, "--token-file", tokenFile);
            add(args, "--confine", confine);
            add(args, "--nat", nat);
            add(args, "--downtime-limit-ms", downtimeLimitMs);
            add(args, "--shared-memory-mib", sharedMemoryMib);
            add(args, "--accel", accel);
            add(args, "--zstd-level", zstdLevel);
            if (insecure) {
                args.add("--insecure");
            }
            Process node = NodeProcess.builder(args).inheritIO().start();
            Thread relay = new Thread(node::destroy, "relay-stop");
            Runtime.getRuntime().addShutdownHook(relay);
            int code = node.waitFor();
            try {
                Runtime.getRuntime().removeShutdownHook(relay);
            } catch (IllegalStateException e) {
                // Already shutting down: the hook ends the node.
                return code;
            }
            return code;
        }

        private static void add(List<String> args, String flag, Object value) {
            if (value != null) {
                args.add(flag);
                args.add(value.toString());
            }
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the cluster's hosts.")
    static final class Ls extends AskCommand {
        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/nodes");
        }

        @Override
        void show(PrintWriter out, JsonNode hosts) {
            Table table = new Table("NAME", "STATE", "ADDRESS", "ROLE", "VMS", "MEMORY", "FREE", "GUESTS ON", "REASON");
            for (JsonNode h : hosts) {
                table.row(
                        h.path("name").asText(),
                        h.path("state").asText(),
                        h.path("address").asText(),
                        h.path("role").asText(),
                        h.path("vms").asText(),
                        h.path("memoryMib").asText() + " MiB",
                        h.path("freeMib").asText() + " MiB",
                        h.path("hypervisors").asText(),
                        h.path("reason").asText());
            }
            table.print(out);
        }
    }

    @Command(
            name = "inspect",
            mixinStandardHelpOptions = true,
            description = "Shows a node: what runs guests on it, and why.")
    static final class Inspect extends AskCommand {
        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/node");
        }

        @Override
        void show(PrintWriter out, JsonNode node) {
            for (String field : List.of("name", "id", "state", "cluster", "address", "pid")) {
                out.printf("%-12s %s%n", field, node.path(field).asText());
            }
            JsonNode found = node.path("hypervisors");
            if (found.isMissingNode()) {
                return;
            }
            JsonNode kvm = found.path("kvm");
            JsonNode qemu = found.path("qemu");
            out.printf("%-12s %s%s%n", "kvm", usable(kvm), because(kvm));
            out.printf(
                    "%-12s %s, accelerator %s%s%n",
                    "qemu", usable(qemu), qemu.path("accelerator").asText(), because(qemu));
            out.printf("%-12s on %s%n", "Linux runs", found.path("linux").asText());
        }

        private static String usable(JsonNode hypervisor) {
            if (!hypervisor.path("usable").asBoolean()) {
                return "not usable";
            }
            return hypervisor.has("linux") && !hypervisor.path("linux").asBoolean()
                    ? "usable, but not for Linux"
                    : "usable";
        }

        private static String because(JsonNode hypervisor) {
            String why = hypervisor.path("why").asText();
            return why.isEmpty() ? "" : " (" + why + ")";
        }
    }
}
