package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Shows everything known of a VM.")
final class InspectCommand implements Callable<Integer> {
    @Mixin
    private NodeOptions node;

    @Mixin
    private OutputOptions output;

    @Parameters(paramLabel = "VM")
    private String vm;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        JsonNode answer = node.client().get("/vms/" + ApiClient.escape(vm));
        output.print(spec.commandLine().getOut(), answer, out -> {
            for (var field : answer.properties()) {
                String value = field.getValue().isValueNode()
                        ? field.getValue().asText()
                        : field.getValue().toString();
                out.printf("%-14s %s%n", field.getKey(), value);
            }
        });
        return 0;
    }
}
