package dev.stardust.chunk.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs a main class in a JVM of its own, to be killed. */
public final class Child {
    private Child() {}

    /**
     * Runs {@code main} until it has printed a number of at least {@code enough}, kills it by SIGKILL while it goes on,
     * and returns the last number it printed.
     */
    public static int runUntilKilled(Class<?> main, int enough, String... args)
            throws IOException, InterruptedException {
        Process process = start(main, args);
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

    private static Process start(Class<?> main, String... args) throws IOException {
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
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Runs {@code main}, which tells numbers by name, a line each, and may wait for what is said to it. */
    public static Talking talking(Class<?> main, String... args) throws IOException {
        return new Talking(start(main, args));
    }

    /** A JVM that tells numbers. */
    public static final class Talking implements AutoCloseable {
        private final Process process;
        private final BufferedReader out;

        private Talking(Process process) {
            this.process = process;
            out = process.inputReader();
        }

        /** The numbers that it tells up to the one of that name. */
        public Map<String, Long> numbersUntil(String name) throws IOException {
            Map<String, Long> numbers = new HashMap<>();
            while (!numbers.containsKey(name)) {
                String line = out.readLine();
                if (line == null) {
                    throw new IOException("it ended after " + numbers);
                }
                String[] words = line.split(" ");
                numbers.put(words[0], Long.parseLong(words[1]));
            }
            return numbers;
        }

        public void say(String text) throws IOException {
            process.outputWriter().append(text).flush();
        }

        @Override
        public void close() {
            process.destroyForcibly().onExit().join();
        }
    }
}
