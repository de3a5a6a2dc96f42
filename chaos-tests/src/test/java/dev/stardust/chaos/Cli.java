package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.launch.Installation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The {@code stardust} command as a user meets it: a process with output, errors and an exit code. */
public final class Cli {
    private static final int TIMEOUT_S = 120;
    private final Map<String, String> environment;

    /** A command that talks to nobody in particular. */
    Cli() {
        this(Map.of());
    }

    private Cli(Map<String, String> environment) {
        this.environment = environment;
    }

    /** A command that talks to a node, told to it as users tell it: by the environment. */
    public static Cli of(LocalCluster nodes, Member member) {
        return new Cli(Map.of(
                "STARDUST_NODE",
                member.address() + ":" + member.portBase(),
                "STARDUST_TOKEN_FILE",
                nodes.tokenFile().toString()));
    }

    /** What it is started with beside this process's environment. */
    public Map<String, String> environment() {
        return environment;
    }

    /** What a command answered. */
    public record Answer(int code, String out, String err) {
        /** It went well. */
        public Answer ok() {
            assertEquals(0, code, this::toString);
            return this;
        }

        /** It was refused with this code, in one line for the user that has all of these words. */
        public Answer refused(int wanted, String... words) {
            assertEquals(wanted, code, this::toString);
            assertTrue(err.startsWith("stardust: "), this::toString);
            assertTrue(!err.contains("\tat "), () -> "a stack trace is no message for users: " + this);
            for (String word : words) {
                assertTrue(err.contains(word), () -> "stderr does not say '" + word + "': " + this);
            }
            return this;
        }

        /** What it printed, as JSON. */
        public JsonNode json() {
            try {
                return new ObjectMapper().readTree(ok().out());
            } catch (IOException e) {
                throw new AssertionError("no JSON: " + this, e);
            }
        }
    }

    /** The command line of the command in a JVM like the launcher's. */
    public static List<String> command(List<String> javaFlags, String... args) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.addAll(Installation.archiveOptions(Installation.Jvm.CLI));
        command.add("-Dstardust.home=" + home());
        command.add("-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"));
        command.addAll(javaFlags);
        command.addAll(List.of("-cp", Installation.classPath(), "dev.stardust.ops.cli.Main"));
        command.addAll(List.of(args));
        return command;
    }

    /** Runs the command to its end. */
    public Answer run(String... args) throws IOException, InterruptedException {
        return run(List.of(), args);
    }

    /** Runs the command to its end, with flags for its JVM. */
    Answer run(List<String> javaFlags, String... args) throws IOException, InterruptedException {
        return finish(command(javaFlags, args), environment, TIMEOUT_S);
    }

    /** Runs the command to its end; a file is what it reads. */
    public Answer fed(Path input, String... args) throws IOException, InterruptedException {
        return finish(command(List.of(), args), environment, input, TIMEOUT_S);
    }

    /** Runs any program to its end. */
    static Answer finish(List<String> command, Map<String, String> environment, int timeoutS)
            throws IOException, InterruptedException {
        return finish(command, environment, Path.of("/dev/null"), timeoutS);
    }

    private static Answer finish(List<String> command, Map<String, String> environment, Path input, int timeoutS)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile("stardust-cli-", ".out");
        Path err = Files.createTempFile("stardust-cli-", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().putAll(environment);
            Process process = builder.redirectInput(input.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            if (!process.waitFor(timeoutS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(command.subList(command.size() - 3, command.size()) + " did not end within "
                        + timeoutS + " s; so far: " + Files.readString(out) + Files.readString(err));
            }
            return new Answer(process.exitValue(), text(out), text(err));
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    /** The project's folder: tests run in the folder of their module. */
    static Path home() {
        return Path.of("").toAbsolutePath().getParent();
    }
}
