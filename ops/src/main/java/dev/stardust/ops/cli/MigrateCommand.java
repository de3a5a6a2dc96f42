package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "migrate",
        mixinStandardHelpOptions = true,
        description = "Moves a running VM to another host while it works.")
final class MigrateCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "VM")
    private String vm;

    @Option(names = "--to", paramLabel = "HOST", required = true, description = "the host to move to")
    private String to;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        ApiClient client = node.client();
        JsonNode job = client.post("/vms/" + ApiClient.escape(vm) + "/migrate", Map.of("to", to));
        int[] shown = {0};
        JsonNode result = Jobs.await(client, job, vm, state -> {
            JsonNode rounds = state.path("result").path("rounds");
            for (; shown[0] < rounds.size(); shown[0]++) {
                if (!output.quiet()) {
                    output.print(out, rounds.get(shown[0]), o -> round(o, rounds.get(shown[0])));
                }
            }
        });
        output.print(out, result, o -> summary(o, result));
        return 0;
    }

    private static void round(PrintWriter out, JsonNode r) {
        out.printf(
                "round %-2s %7d pages sent  %10s  saved: zero %d, base %d, same %d, unchanged %d  disk blocks %d  %d ms%n",
                r.path("final").asBoolean() ? "end" : r.path("round").asText(),
                r.path("sent").asLong(),
                Units.bytes(r.path("bytes").asLong()),
                r.path("zero").asLong(),
                r.path("base").asLong(),
                r.path("same").asLong(),
                r.path("unchanged").asLong(),
                r.path("diskBlocks").asLong(),
                r.path("ms").asLong());
    }

    private static void summary(PrintWriter out, JsonNode r) {
        out.printf(
                "%s runs on %s: %d ms in all, %s sent, paused for %.1f ms%n",
                r.path("vm").asText(),
                r.path("to").asText(),
                r.path("totalMs").asLong(),
                Units.bytes(r.path("bytes").asLong()),
                r.path("pausedUs").asLong() / 1000.0);
    }
}
