package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Shows everything known of a VM.")
final class InspectCommand extends AskCommand {
    @Parameters(paramLabel = "VM")
    private String vm;

    @Override
    JsonNode ask(ApiClient client) {
        return client.get("/vms/" + ApiClient.escape(vm));
    }

    @Override
    void show(PrintWriter out, JsonNode answer) {
        for (var field : answer.properties()) {
            String value = field.getValue().isValueNode()
                    ? field.getValue().asText()
                    : field.getValue().toString();
            out.printf("%-14s %s%n", field.getKey(), value);
        }
    }
}
