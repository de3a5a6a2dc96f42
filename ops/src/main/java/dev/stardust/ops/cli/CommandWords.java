package dev.stardust.ops.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** What of a command line is for a command in a guest: whatever follows the first two words that are no options. */
final class CommandWords {
    private static final Set<String> WITH_COMMANDS = Set.of("run", "exec");
    private static final String END_OF_OPTIONS = "--";

    private CommandWords() {}

    /** The same with {@code --} before the command, so that its options are not taken for ours. */
    static String[] separated(CommandLine line, String... args) {
        if (args.length == 0 || !WITH_COMMANDS.contains(args[0])) {
            return args;
        }
        CommandSpec spec = line.getSubcommands().get(args[0]).getCommandSpec();
        int words = 0;
        for (int i = 1; i < args.length && !args[i].equals(END_OF_OPTIONS); i++) {
            if (args[i].startsWith("-") && args[i].length() > 1) {
                i += takesNext(spec, args[i]) ? 1 : 0;
            } else if (++words == 2) {
                List<String> all = new ArrayList<>(Arrays.asList(args));
                all.add(i, END_OF_OPTIONS);
                return all.toArray(String[]::new);
            }
        }
        return args;
    }

    /** Whether the word behind an option is its value. */
    private static boolean takesNext(CommandSpec spec, String word) {
        OptionSpec whole = spec.findOption(word);
        if (whole != null) {
            return whole.arity().max() > 0;
        }
        if (word.startsWith("--")) {
            return false; // With its value behind a '=', or unknown.
        }
        // -it is -i -t; -eA=b has its value.
        for (int i = 1; i < word.length(); i++) {
            OptionSpec one = spec.findOption("-" + word.charAt(i));
            if (one == null || one.arity().max() > 0) {
                return one != null && i == word.length() - 1;
            }
        }
        return false;
    }
}
