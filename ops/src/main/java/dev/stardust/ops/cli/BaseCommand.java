package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

@Command(
        name = "base",
        mixinStandardHelpOptions = true,
        description = "Lists the bases that VMs can start from (made by 'run --save-base').",
        subcommands = {BaseCommand.Ls.class})
final class BaseCommand {
    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the bases.")
    static final class Ls extends AskCommand {
        @Override
        JsonNode ask(ApiClient client) {
            return client.get("/bases");
        }

        @Override
        void show(PrintWriter out, JsonNode bases) {
            Table table = new Table("NAME", "MEMORY", "MANIFEST");
            for (JsonNode b : bases) {
                table.row(
                        b.path("name").asText(),
                        b.path("memoryMib").asText() + " MiB",
                        b.path("memory").asText().substring(0, 12));
            }
            table.print(out);
        }
    }
}
