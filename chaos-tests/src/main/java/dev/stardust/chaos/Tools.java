package dev.stardust.chaos;

import dev.stardust.chaos.bench.Benches;
import dev.stardust.chaos.soak.Soaks;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What {@code stardust bench NAME} and {@code stardust soak NAME} start. */
@Command(name = "stardust", mixinStandardHelpOptions = true)
public final class Tools implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    private Tools() {}

    /** Runs one benchmark or soak; exits with the codes of the {@code stardust} command. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    static int run(String... args) {
        CommandLine line = new CommandLine(new Tools())
                .addSubcommand(group("bench", "Measures; the report goes to docs/reports/.", Benches.all()))
                .addSubcommand(group("soak", "Runs for long; the report goes to docs/reports/.", Soaks.all()));
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof ToolException e) {
                command.getErr().println("stardust: " + e.getMessage());
                return e.exitCode();
            }
            failure.printStackTrace(command.getErr());
            return ToolException.INTERNAL;
        });
        return line.execute(args);
    }

    private static CommandLine group(String name, String about, Map<String, Callable<Integer>> members) {
        CommandLine group = new CommandLine(new Group());
        group.setCommandName(name);
        group.getCommandSpec().usageMessage().description(about);
        members.forEach(group::addSubcommand);
        return group;
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "say what to run: bench or soak");
    }

    @Command(mixinStandardHelpOptions = true)
    private static final class Group implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            throw new ParameterException(
                    spec.commandLine(),
                    "say which one: " + String.join(", ", spec.subcommands().keySet()));
        }
    }
}
