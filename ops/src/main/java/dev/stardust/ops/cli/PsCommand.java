package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

@Command(name = "ps", mixinStandardHelpOptions = true, description = "Lists the cluster's VMs.")
final class PsCommand extends AskCommand {
    @Override
    JsonNode ask(ApiClient client) {
        return client.get("/vms");
    }

    @Override
    void show(PrintWriter out, JsonNode vms) {
        table(vms).print(out);
    }

    static Table table(JsonNode vms) {
        Table table = new Table("NAME", "STATE", "HOST", "EPOCH", "MEMORY", "UPTIME", "REASON");
        for (JsonNode vm : vms) {
            table.row(
                    vm.path("name").asText(),
                    state(vm),
                    vm.path("host").asText(),
                    vm.path("epoch").asText(),
                    vm.path("memoryMib").asText() + " MiB",
                    Units.duration(vm.path("uptimeMs").asLong()),
                    vm.path("reason").asText());
        }
        return table;
    }

    /** The state, and what is known of the guest of a VM that runs. */
    private static String state(JsonNode vm) {
        String state = vm.path("state").asText();
        String health = vm.path("health").asText();
        if (!state.equals("running")) {
            return state;
        }
        return !health.isEmpty()
                ? state + " (" + health + ")"
                : vm.path("ready").asBoolean() ? state + " (ready)" : state;
    }
}
