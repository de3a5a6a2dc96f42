package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "cluster",
        mixinStandardHelpOptions = true,
        description = "Makes a cluster, joins it, shows it.",
        subcommands = {ClusterCommand.Init.class, ClusterCommand.Join.class, ClusterCommand.Status.class})
final class ClusterCommand {
    @Command(name = "init", mixinStandardHelpOptions = true, description = "Makes a new cluster of the node talked to.")
    static final class Init implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            JsonNode answer = node.client().post("/cluster/init", Map.of());
            output.print(
                    spec.commandLine().getOut(),
                    answer,
                    out -> out.println("cluster " + answer.path("uuid").asText() + " made; next: stardust cluster join "
                            + "--node OTHER " + answer.path("address").asText()));
            return 0;
        }
    }

    @Command(name = "join", mixinStandardHelpOptions = true, description = "Joins the node talked to to a cluster.")
    static final class Join implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Parameters(paramLabel = "MEMBER", description = "host:port of the API of any member")
        private String member;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            JsonNode answer = node.client().post("/cluster/join", Map.of("member", member));
            output.print(
                    spec.commandLine().getOut(),
                    answer,
                    out -> out.println("joined cluster " + answer.path("uuid").asText()));
            return 0;
        }
    }

    @Command(name = "status", mixinStandardHelpOptions = true, description = "Shows leader, voters, hosts and ring.")
    static final class Status implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            JsonNode s = node.client().get("/cluster");
            output.print(spec.commandLine().getOut(), s, out -> table(out, s));
            return 0;
        }

        private static void table(PrintWriter out, JsonNode s) {
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
