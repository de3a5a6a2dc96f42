package dev.stardust.ops.cli;

import dev.stardust.chunk.local.LocalStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code stardust} command. Loads no Pekko class: an answer within 300 ms. */
@Command(
        name = "stardust",
        mixinStandardHelpOptions = true,
        version = "stardust 0.1.0",
        description = "Small VMs across many Linux hosts, run as if they were one machine.")
public final class Main {
    private static final Map<String, Class<?>> COMMANDS = commands();

    /** Commands that work on stores. */
    private static final Set<String> WITH_STORES = Set.of("image", "volume", "files");

    private Main() {}

    /** Runs one command; exits with the code of the design (usage 2, not found 3, conflict 4, timeout 5, refused 6). */
    public static void main(String[] args) {
        if (worksOnStore(args)) {
            // Beside picocli, which takes as long to begin.
            Thread warmUp = new Thread(LocalStore::warmUp, "warm-up");
            warmUp.setDaemon(true);
            warmUp.setUncaughtExceptionHandler((thread, failure) -> {
                // The command will meet the same, and tell it.
            });
            warmUp.start();
        }
        System.exit(run(args));
    }

    private static boolean worksOnStore(String... args) {
        return args.length > 0
                && WITH_STORES.contains(args[0])
                && (System.getenv("STARDUST_STORE") != null
                        || Arrays.stream(args).anyMatch(arg -> arg.equals("--store") || arg.startsWith("--store=")));
    }

    /** Runs one command in this process; gives its exit code. */
    public static int run(String... args) {
        CommandLine line = commandLine(args);
        return line.execute(CommandWords.separated(line, args));
    }

    /** What runs these arguments. */
    static CommandLine commandLine(String... args) {
        CommandLine line = new CommandLine(new Main());
        addCommands(line, args);
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof CliException e) {
                command.getErr().println("stardust: " + e.getMessage());
                command.getErr().flush();
                return e.exitCode();
            }
            if (failure instanceof IOException e) {
                command.getErr().println("stardust: " + e.getMessage());
                command.getErr().flush();
                return exitCodeOf(e);
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
        return line;
    }

    private static int exitCodeOf(IOException e) {
        if (e instanceof NoSuchFileException) {
            return CliException.NOT_FOUND;
        }
        return e instanceof FileAlreadyExistsException ? CliException.CONFLICT : CliException.REFUSED;
    }

    private static Map<String, Class<?>> commands() {
        Map<String, Class<?>> all = new LinkedHashMap<>();
        all.put("demo", DemoCommand.class);
        all.put("node", NodeCommand.class);
        all.put("cluster", ClusterCommand.class);
        all.put("image", ImageCommand.class);
        all.put("kernel", KernelCommand.class);
        all.put("volume", VolumeCommand.class);
        all.put("files", FilesCommand.class);
        all.put("base", BaseCommand.class);
        all.put("validate", ValidateCommand.class);
        all.put("deploy", DeployCommand.class);
        all.put("run", RunCommand.class);
        all.put("ps", PsCommand.class);
        all.put("inspect", InspectCommand.class);
        all.put("logs", LogsCommand.class);
        all.put("console", ConsoleCommand.class);
        all.put("exec", ExecCommand.class);
        all.put("attach", AttachCommand.class);
        all.put("cp", CopyCommand.class);
        all.put("balloon", BalloonCommand.class);
        all.put("stop", LifecycleCommands.Stop.class);
        all.put("start", LifecycleCommands.Start.class);
        all.put("rm", LifecycleCommands.Remove.class);
        all.put("migrate", MigrateCommand.class);
        all.put("generate-completion", AutoComplete.GenerateCompletion.class);
        return all;
    }

    /** Adds the one that the first word names, since all take picocli 100 ms longer; all when it names none. */
    private static void addCommands(CommandLine line, String... args) {
        String first = args.length == 0 ? "" : args[0];
        if (COMMANDS.containsKey(first) && !first.equals("generate-completion")) {
            line.addSubcommand(first, COMMANDS.get(first));
        } else {
            COMMANDS.forEach(line::addSubcommand);
        }
    }

    private static Iterable<String> commandPath(CommandLine command) {
        String[] names = command.getCommandSpec().qualifiedName(" ").split(" ");
        return Arrays.asList(names).subList(1, names.length);
    }
}
