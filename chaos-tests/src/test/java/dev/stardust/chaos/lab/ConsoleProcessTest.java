package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsoleProcessTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir
    Path folder;

    private final LabConsole console = new LabConsole(List.of("one"));

    private String run(String script, Duration limit, ProcessCare care) throws IOException {
        return ConsoleProcess.run(List.of("sh", "-c", script), console, folder.resolve("log"), limit, care);
    }

    @Test
    void verdictsComeFromTheConsoleNotFromTheExitCode() throws IOException {
        assertEquals("it ended with code 0", run("echo case one FAILED 1 ms: bad", LONG, took -> false));
        assertFalse(console.verdicts("").get(0).ok());
        assertTrue(Files.readString(folder.resolve("log")).matches(" +[0-9]+\\.[0-9]{3} case one FAILED 1 ms: bad\n"));
    }

    @Test
    void itsTimeEnds() throws IOException {
        assertEquals(
                "it was killed after 0 s",
                run("echo case one begin; exec sleep 600", Duration.ofMillis(300), took -> false));
        assertEquals("it came to no end: x", console.verdicts("x").get(0).detail());
    }

    @Test
    void aHungKernelIsNotWaitedForWhenToldSo() throws IOException {
        String end = run("echo BUG: soft lockup - CPU#0; exec sleep 600", LONG, took -> console.kernelFailed());
        assertTrue(end.startsWith("it hung and was killed after "), end);
    }

    @Test
    void aHungOneIsAskedWhyBeforeItIsKilled() throws IOException {
        run(
                "echo BUG: soft lockup - CPU#0; read question; echo asked $question; exec sleep 600",
                LONG,
                new ProcessCare() {
                    @Override
                    public boolean isHopeless(Duration took) {
                        return console.kernelFailed();
                    }

                    @Override
                    public String lastQuestion() {
                        return "why?\n";
                    }
                });
        assertTrue(Files.readString(folder.resolve("log")).contains(" asked why?\n"));
    }

    @Test
    void oneThatSleepsIsWoken() throws IOException {
        String end = run("read word; echo case one ok 1 ms, $word", LONG, new ProcessCare() {
            @Override
            public boolean isHopeless(Duration took) {
                return false;
            }

            @Override
            public String wake(Duration took) {
                return took.toMillis() > 300 ? "up\n" : "";
            }
        });
        assertEquals("it ended with code 0", end);
        assertTrue(console.verdicts("").get(0).ok());
    }

    @Test
    void itDiesWithTheJvmThatStartedIt() throws IOException, InterruptedException {
        Path pidFile = folder.resolve("pid");
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Starter.class.getName(),
                        pidFile.toString())
                .inheritIO()
                .start();
        try {
            await("the process is there", () -> Files.exists(pidFile));
            ProcessHandle started = ProcessHandle.of(
                            Long.parseLong(Files.readString(pidFile).strip()))
                    .orElseThrow();
            jvm.destroyForcibly();
            await("the process is gone", () -> !started.isAlive());
        } finally {
            jvm.destroyForcibly();
        }
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "not within 30 s: " + what);
            Thread.sleep(20);
        }
    }

    /** Another JVM, which is going to be killed. */
    static final class Starter {
        public static void main(String[] args) throws IOException {
            String script = "echo $$ > " + args[0] + ".new; mv " + args[0] + ".new " + args[0] + "; exec sleep 600";
            Path log = Path.of(args[0] + ".log");
            ConsoleProcess.run(List.of("sh", "-c", script), new LabConsole(List.of("one")), log, LONG, took -> false);
        }
    }
}
