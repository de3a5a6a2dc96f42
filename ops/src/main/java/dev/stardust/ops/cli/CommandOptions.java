package dev.stardust.ops.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** How a command in a guest is run. */
final class CommandOptions {
    @Option(
            names = {"-i", "--interactive"},
            description = "what is written to this command goes to that one")
    private boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give it a terminal, as large as this one")
    private boolean terminal;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "NAME[=TEXT]",
            description = "a variable of its environment; without a text the one of here (repeatable)")
    private List<String> variables = List.of();

    @Option(
            names = "--env-file",
            paramLabel = "FILE",
            description = "file with such variables, one a line; lines with # are passed over (repeatable)")
    private List<Path> files = List.of();

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "where in the guest it starts")
    private String folder;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            description = "who it runs as")
    private String user;

    boolean interactive() {
        return interactive;
    }

    boolean terminal() {
        return terminal;
    }

    boolean given() {
        return interactive || terminal || folder != null || user != null || !variables.isEmpty() || !files.isEmpty();
    }

    /** Adds the fields that the API has for these. */
    void addTo(Map<String, Object> order) {
        Map<String, String> environment = environment(variables, files, System.getenv());
        if (!environment.isEmpty()) {
            order.put("env", environment);
        }
        if (folder != null) {
            order.put("workdir", folder);
        }
        if (user != null) {
            order.put("user", user);
        }
        if (interactive) {
            order.put("stdin", true);
        }
    }

    /** What files and options say, the options last. */
    static Map<String, String> environment(List<String> variables, List<Path> files, Map<String, String> here) {
        Map<String, String> all = new LinkedHashMap<>();
        for (Path file : files) {
            try {
                Files.readAllLines(file).stream()
                        .filter(line -> !line.isBlank() && !line.startsWith("#"))
                        .forEach(line -> add(line, here, all));
            } catch (IOException e) {
                throw new CliException(CliException.NOT_FOUND, "cannot read " + file + ": " + e.getMessage());
            }
        }
        variables.forEach(variable -> add(variable, here, all));
        return all;
    }

    private static void add(String text, Map<String, String> here, Map<String, String> into) {
        int equals = text.indexOf('=');
        String name = equals < 0 ? text : text.substring(0, equals);
        if (name.isEmpty()) {
            throw new CliException(CliException.USAGE, "a variable is NAME=TEXT or NAME, not '" + text + "'");
        }
        if (equals >= 0) {
            into.put(name, text.substring(equals + 1));
        } else if (here.containsKey(name)) {
            into.put(name, here.get(name));
        }
    }
}
