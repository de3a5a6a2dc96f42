package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Shows everything known of a VM.")
final class InspectCommand extends AskCommand {
    @Parameters(paramLabel = "VM")
    private String vm;

    @Override
    JsonNode ask(ApiClient client) {
        String path = "/vms/" + ApiClient.escape(vm);
        ObjectNode answer = (ObjectNode) client.get(path);
        if (answer.path("state").asText().equals("running")) {
            try {
                answer.set("devices", client.get(path + "/devices"));
            } catch (CliException e) {
                // It has ended meanwhile, or its host does not answer: what the cluster knows of it is shown all the
                // same.
                answer.put("devicesError", e.getMessage());
            }
        }
        return answer;
    }

    @Override
    void show(PrintWriter out, JsonNode answer) {
        for (var field : answer.properties()) {
            if (field.getKey().equals("devices")) {
                continue;
            }
            String value = field.getValue().isValueNode()
                    ? field.getValue().asText()
                    : field.getValue().toString();
            out.printf("%-14s %s%n", field.getKey(), value);
        }
        if (!answer.path("devices").isEmpty()) {
            devices(answer.path("devices")).print(out);
        }
    }

    private static Table devices(JsonNode devices) {
        Table table = new Table("DEVICE", "FAULTS", "COUNTERS");
        for (JsonNode device : devices) {
            JsonNode metrics = device.path("metrics");
            String figures = Stream.of("gauges", "counters")
                    .flatMap(kind -> metrics.path(kind).properties().stream())
                    .filter(figure -> figure.getValue().asLong() != 0)
                    .map(figure -> figure.getKey() + "="
                            + (figure.getKey().endsWith("bytes")
                                    ? Units.bytes(figure.getValue().asLong())
                                    : figure.getValue().asText()))
                    .collect(Collectors.joining("  "));
            table.row(device.path("name").asText(), faults(device), figures);
        }
        return table;
    }

    private static String faults(JsonNode device) {
        long count = device.path("faults").asLong();
        return count == 0
                ? ""
                : count
                        + (device.path("stopped").asBoolean() ? " (stopped): " : ": ")
                        + device.path("lastFault").asText();
    }
}
