package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs a program to its end and tells what it took. */
final class TimedProgram {
    private static final int TIMEOUT_S = 600;
    private static final Pattern TIMES = Pattern.compile("(?m)^timed ([0-9.]+) ([0-9.]+) ([0-9.]+)$");

    private TimedProgram() {}

    /** Runs {@code command} with more variables in its environment. */
    static Timing run(Map<String, String> environment, List<String> command) {
        List<String> timed = new ArrayList<>(List.of("env"));
        environment.forEach((name, value) -> timed.add(name + "=" + value));
        timed.addAll(List.of("bash", "-c", "TIMEFORMAT='timed %3R %3U %3S'; time \"$@\"", "bash"));
        timed.addAll(command);
        String output = External.run(TIMEOUT_S, timed);
        Matcher times = TIMES.matcher(output);
        if (!times.find()) {
            throw new ToolException(ToolException.INTERNAL, "bash did not tell what " + command + " took: " + output);
        }
        double user = Double.parseDouble(times.group(2));
        double system = Double.parseDouble(times.group(3));
        return new Timing(Double.parseDouble(times.group(1)), user + system);
    }

    /** Runs {@code command}. */
    static Timing run(String... command) {
        return run(Map.of(), List.of(command));
    }
}
