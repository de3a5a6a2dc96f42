package dev.stardust.chunk.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** Runs a main class in a JVM of its own, to be killed. */
public final class Child {
    private Child() {}

    /**
     * Runs {@code main} until it has printed a number of at least {@code enough}, kills it by SIGKILL while it goes on,
     * and returns the last number it printed.
     */
    public static int runUntilKilled(Class<?> main, int enough, String... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (option.startsWith("--add-opens")) {
                command.add(option);
            }
        }
        command.addAll(
                List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        int last = -1;
        try (BufferedReader out = process.inputReader()) {
            boolean killed = false;
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                last = Integer.parseInt(line);
                if (last >= enough && !killed) {
                    // Through the handle, which unlike the process leaves our end of the pipe open.
                    process.toHandle().destroyForcibly();
                    killed = true;
                }
            }
        } finally {
            process.destroyForcibly();
            process.waitFor();
        }
        return last;
    }
}
