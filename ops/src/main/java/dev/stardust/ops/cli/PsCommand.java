package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "ps", mixinStandardHelpOptions = true, description = "Lists the cluster's VMs.")
final class PsCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        JsonNode vms = node.client().get("/vms");
        output.print(spec.commandLine().getOut(), vms, out -> {
            if (output.quiet()) {
                vms.forEach(vm -> out.println(vm.path("name").asText()));
                return;
            }
            table(vms).print(out);
        });
        return 0;
    }

    static Table table(JsonNode vms) {
        Table table = new Table("NAME", "STATE", "HOST", "EPOCH", "MEMORY", "UPTIME", "REASON");
        for (JsonNode vm : vms) {
            table.row(
                    vm.path("name").asText(),
                    vm.path("state").asText(),
                    vm.path("host").asText(),
                    vm.path("epoch").asText(),
                    vm.path("memoryMib").asText() + " MiB",
                    Units.duration(vm.path("uptimeMs").asLong()),
                    vm.path("reason").asText());
        }
        return table;
    }
}
