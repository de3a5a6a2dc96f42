package dev.stardust.hypervisor.machine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A {@link HopHelper} in a JVM of its own. */
final class HopProcess implements AutoCloseable {
    private final Process process;
    private final PrintStream orders;
    private final BufferedReader answers;

    HopProcess(Path folder, int memoryMib) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--add-opens"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), HopHelper.class.getName()));
        command.addAll(List.of(folder.toString(), Integer.toString(memoryMib)));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Gives an order and returns the words of its answer after {@code ok}. */
    String[] order(String line) throws Exception {
        orders.println(line);
        String answer = CompletableFuture.supplyAsync(this::readLine).get(90, TimeUnit.SECONDS);
        if (answer == null || !answer.startsWith("ok ")) {
            throw new IllegalStateException("'" + line + "' was answered '" + answer + "'");
        }
        return answer.substring(3).split(" ");
    }

    private String readLine() {
        try {
            return answers.readLine();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        orders.close(); // it ends at the end of its input
        process.onExit().completeOnTimeout(null, 10, TimeUnit.SECONDS).join();
        process.destroyForcibly();
    }
}
