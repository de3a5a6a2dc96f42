package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "balloon",
        mixinStandardHelpOptions = true,
        description = "Asks a VM's guest to give memory back to the host; 'inspect' shows how much it gave.")
final class BalloonCommand extends AskCommand {
    @Parameters(index = "0", paramLabel = "VM")
    private String vm;

    @Parameters(
            index = "1",
            paramLabel = "SIZE",
            description = "how much it is to give in all, e.g. 64MiB; 0MiB for none")
    private String size;

    @Override
    JsonNode ask(ApiClient client) {
        return client.post("/vms/" + ApiClient.escape(vm) + "/balloon", Map.of("target", size));
    }

    @Override
    void show(PrintWriter out, JsonNode answer) {
        out.printf("%s is asked to give %d MiB%n", vm, answer.path("targetMib").asLong());
    }
}
