package dev.stardust.ops.cli;

import java.util.Arrays;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code stardust} command. Loads no Pekko class: an answer within 300 ms. */
@Command(
        name = "stardust",
        mixinStandardHelpOptions = true,
        version = "stardust 0.1.0",
        description = "Small VMs across many Linux hosts, run as if they were one machine.",
        subcommands = {
            DemoCommand.class,
            NodeCommand.class,
            ClusterCommand.class,
            ImageCommand.class,
            BaseCommand.class,
            ValidateCommand.class,
            DeployCommand.class,
            RunCommand.class,
            PsCommand.class,
            InspectCommand.class,
            LogsCommand.class,
            LifecycleCommands.Stop.class,
            LifecycleCommands.Start.class,
            LifecycleCommands.Remove.class,
            MigrateCommand.class,
            AutoComplete.GenerateCompletion.class
        })
public final class Main {
    private Main() {}

    /** Runs one command; exits with the code of the design (usage 2, not found 3, conflict 4, timeout 5, refused 6). */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** Runs one command in this process; gives its exit code. */
    public static int run(String... args) {
        CommandLine line = new CommandLine(new Main());
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof CliException e) {
                command.getErr().println("stardust: " + e.getMessage());
                command.getErr().flush();
                return e.exitCode();
            }
            failure.printStackTrace(command.getErr());
            return CliException.INTERNAL;
        });
        line.setParameterExceptionHandler((failure, parsed) -> {
            CommandLine command = failure.getCommandLine();
            command.getErr().println("stardust: " + failure.getMessage());
            command.getErr().println("try: stardust " + String.join(" ", commandPath(command)) + " --help");
            command.getErr().flush();
            return CliException.USAGE;
        });
        return line.execute(args);
    }

    private static Iterable<String> commandPath(CommandLine command) {
        String[] names = command.getCommandSpec().qualifiedName(" ").split(" ");
        return Arrays.asList(names).subList(1, names.length);
    }
}
