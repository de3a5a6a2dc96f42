package dev.stardust.chaos.lab;

import dev.stardust.chaos.Teardown;
import dev.stardust.chaos.ToolException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process whose output is a console of cases. Its end says nothing. It is killed when its time is over, when it does not
 * end by itself soon after its last verdict, when this JVM is told to end, and by the kernel when this JVM dies.
 */
final class ConsoleProcess {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleProcess.class);
    private static final int LOOK_MS = 50;

    /** What a lab may take to power off. */
    private static final Duration END_LIMIT = Duration.ofSeconds(10);

    /** What the answer to the last question may take. */
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(3);

    private ConsoleProcess() {}

    /**
     * Runs it to its end.
     *
     * @param console gets its lines
     * @param log gets them with the seconds since the start before each
     * @param limit after which it is killed
     * @return how it ended, in words
     */
    static String run(List<String> command, LabConsole console, Path log, Duration limit, ProcessCare care)
            throws IOException {
        List<String> guarded = new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL", "--"));
        guarded.addAll(command);
        try (Teardown teardown = new Teardown()) {
            Process process =
                    new ProcessBuilder(guarded).redirectErrorStream(true).start();
            Thread reader = new Thread(() -> read(process, console, log), "console");
            teardown.add(() -> {
                // By its handle: a process that is destroyed directly loses what was not yet read of its output.
                process.toHandle().destroyForcibly();
                reader.join(END_LIMIT.toMillis());
            });
            reader.start();
            return await(process, console, limit, care);
        }
    }

    private static String await(Process process, LabConsole console, Duration limit, ProcessCare care) {
        long start = System.nanoTime();
        long limitNs = limit.toNanos();
        try {
            while (!process.waitFor(LOOK_MS, TimeUnit.MILLISECONDS)) {
                long took = System.nanoTime() - start;
                if (console.isComplete()) {
                    limitNs = Math.min(limitNs, took + END_LIMIT.toNanos());
                }
                if (took > limitNs) {
                    return "it was killed after " + TimeUnit.NANOSECONDS.toSeconds(took) + " s";
                }
                if (care.isHopeless(Duration.ofNanos(took))) {
                    write(process, care.lastQuestion());
                    if (!care.lastQuestion().isEmpty()) {
                        process.waitFor(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
                    }
                    return "it hung and was killed after " + TimeUnit.NANOSECONDS.toSeconds(took) + " s";
                }
                write(process, care.wake(Duration.ofNanos(took)));
            }
            return "it ended with code " + process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolException(ToolException.INTERNAL, "interrupted while cases ran", e);
        }
    }

    private static void write(Process process, String text) {
        if (text.isEmpty()) {
            return;
        }
        try {
            process.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            process.getOutputStream().flush();
        } catch (IOException e) {
            LOG.info("{} reads no more", process.pid(), e);
        }
    }

    private static void read(Process process, LabConsole console, Path log) {
        long start = System.nanoTime();
        try (BufferedReader lines = process.inputReader(StandardCharsets.ISO_8859_1);
                Writer out = Files.newBufferedWriter(log)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                console.add(line);
                out.write(String.format(Locale.ROOT, "%8.3f %s%n", (System.nanoTime() - start) / 1e9, line));
                out.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("reading the console into " + log, e);
        }
    }
}
