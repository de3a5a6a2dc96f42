package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "cluster",
        mixinStandardHelpOptions = true,
        description = "Makes a cluster, joins it, shows it.",
        subcommands = {ClusterCommand.Init.class, ClusterCommand.Join.class, ClusterCommand.Status.class})
final class ClusterCommand {
    @Command(name = "init", mixinStandardHelpOptions = true, description = "Makes a new cluster of the node talked to.")
    static final class Init extends AskCommand {
        @Override
        JsonNode ask(ApiClient client) {
            return client.post("/cluster/init", Map.of());
        }

        @Override
        void show(PrintWriter out, JsonNode cluster) {
            out.println("cluster " + cluster.path("uuid").asText() + " made; next: stardust cluster join --node OTHER "
                    + cluster.path("address").asText());
        }
    }

    @Command(name = "join", mixinStandardHelpOptions = true, description = "Joins the node talked to to a cluster.")
    static final class Join extends AskCommand {
        @Parameters(paramLabel = "MEMBER", description = "host:port of the API of any member")
        private String member;

        @Override
        JsonNode ask(ApiClient client) {
            return client.post("/cluster/join", Map.of("member", member));
        }

        @Override
        void show(PrintWriter out, JsonNode cluster) {
            out.println("joined cluster " + cluster.path("uuid").asText());
        }
    }

    @Command(name = "status", mixinStandardHelpOptions = true, description = "Shows leader, voters, hosts and ring.")
    static final class Status extends AskCommand {
        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/cluster");
        }

        @Override
        void show(PrintWriter out, JsonNode s) {
            out.println("cluster   " + s.path("uuid").asText());
            out.println("leader    " + s.path("leader").asText() + "  (term "
                    + s.path("term").asText() + ")");
            out.println("hosts     " + s.path("alive").asText() + " alive of "
                    + s.path("hosts").asText());
            out.println("ring      epoch " + s.path("ringEpoch").asText() + ", "
                    + s.path("replication").asText() + " replicas");
            out.println("VMs       " + s.path("vms").asText());
            out.println("images    " + s.path("images").asText());
            out.println("chunks    " + s.path("chunks").asText() + " on this node, "
                    + Units.bytes(s.path("storedBytes").asLong()));
        }
    }
}
