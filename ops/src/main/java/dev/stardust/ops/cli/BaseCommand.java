package dev.stardust.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "base",
        mixinStandardHelpOptions = true,
        description = "Lists the bases that VMs can start from (made by 'run --save-base').",
        subcommands = {BaseCommand.Ls.class})
final class BaseCommand {
    @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the bases.")
    static final class Ls implements Callable<Integer> {
        @Mixin
        private NodeOptions node;

        @Mixin
        private OutputOptions output;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            JsonNode bases = node.client().get("/bases");
            output.print(spec.commandLine().getOut(), bases, out -> {
                Table table = new Table("NAME", "MEMORY", "MANIFEST");
                for (JsonNode b : bases) {
                    table.row(
                            b.path("name").asText(),
                            b.path("memoryMib").asText() + " MiB",
                            b.path("memory").asText().substring(0, 12));
                }
                table.print(out);
            });
            return 0;
        }
    }
}
