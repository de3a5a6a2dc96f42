package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.linux.Pty;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole way from the command line over two nodes to an agent. The agent is the real one, as a process of this host that listens where
 * the machine of a VM, whose guest is the test guest, would have its port.
 */
@Tag("kvm")
@Timeout(120)
class GuestCommandsTest {
    private static final int TIMEOUT_MS = 60_000;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int OWN_FAILURE = 125;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static LocalCluster nodes;
    private static Cli cli;
    private static Map<String, String> environment;
    private static Process agent;

    @BeforeAll
    static void startVms() throws Exception {
        Kvm.require();
        nodes = new LocalCluster(folder);
        int ports = LocalCluster.freePortBase(2);
        Member asked = nodes.add(1, ports);
        Member host = nodes.add(2, ports + 100);
        nodes.form(TIMEOUT_MS);
        cli = Cli.of(nodes, asked);
        environment = Map.of(
                "STARDUST_NODE",
                asked.address() + ":" + asked.portBase(),
                "STARDUST_TOKEN_FILE",
                nodes.tokenFile().toString());
        cli.run("run", "--name", "bare", "--memory", "32MiB", "--host", host.name())
                .ok();
        cli.run("run", "--name", "web", "--memory", "32MiB", "--host", host.name())
                .ok();
        cli.run("stop", "web").ok();
        Path program = folder.resolve("stardust-agent");
        Path source = Cli.home().resolve("vm-actor/src/agent/build.sh");
        External.run(60, List.of(source.toString(), program.toString()));
        agent = new ProcessBuilder(
                        program.toString(),
                        "--unix",
                        host.vmFolder("web").resolve("agent.sock").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("agent.log").toFile())
                .start();
        LocalCluster.await(
                "the agent listens",
                TIMEOUT_MS,
                () -> Files.exists(host.vmFolder("web").resolve("agent.sock")));
        cli.run("start", "web").ok();
        LocalCluster.await(
                "it is ready",
                TIMEOUT_MS,
                () -> nodes.client(asked).get("/vms/web").path("ready").asBoolean());
    }

    @AfterAll
    static void end() {
        if (agent != null) {
            agent.descendants().forEach(ProcessHandle::destroyForcibly);
            agent.destroyForcibly();
        }
        if (nodes != null) {
            nodes.close();
        }
    }

    @Test
    void aCommandsOutputErrorsAndCodeAreThoseOfExec() throws Exception {
        Cli.Answer answer =
                cli.run("exec", "-e", "A=b", "-w", "/usr", "web", "sh", "-c", "echo $A; pwd; echo bad >&2; exit 7");
        assertEquals(new Cli.Answer(7, "b\n/usr\n", "bad\n"), answer);
        assertEquals(143, cli.run("exec", "web", "sh", "-c", "kill -TERM $$").code());
        cli.run("exec", "web", "no-such-program").refused(127, "no-such-program");
        assertTrue(cli.run("ps").ok().out().matches("(?s).*\nweb +running \\(ready\\) .*"));
    }

    @Test
    void aVmWithoutAnAgentOrNoneAtAllIsAFailureOfOurs() throws Exception {
        cli.run("exec", "bare", "true").refused(OWN_FAILURE, "no agent runs in the guest of VM bare");
        cli.run("exec", "nobody", "true").refused(OWN_FAILURE, "no VM nobody");
        cli.run("attach", "web").refused(OWN_FAILURE, "web is there for no command");
        cli.run("exec", "-t", "web", "true").refused(OWN_FAILURE, "-t needs a terminal");
        cli.run("cp", "bare:/etc/hosts", folder.resolve("x").toString()).refused(6, "no agent runs");
    }

    @Test
    void aShellAtATerminalEchoesFollowsItsSizeAndIsInterrupted() throws Exception {
        List<String> command = Cli.command(List.of(), "exec", "-it", "web", "sh");
        String line = Stream.concat(
                        Stream.of("stty cols 91 rows 33; exec"),
                        command.stream().map(w -> "'" + w + "'"))
                .collect(Collectors.joining(" "));
        try (Pty pty = Pty.start(List.of("sh", "-c", line), environment)) {
            pty.send("stty size\r");
            pty.expect("33 91", LIMIT);
            long began = System.nanoTime();
            for (int i = 0; i < 20; i++) {
                pty.send("k");
                pty.expect("k", LIMIT);
            }
            long echoMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began) / 20;
            assertTrue(echoMs < 200, echoMs + " ms a key");
            Thread.sleep(500); // Who thinks for a while has not left.
            pty.send("j");
            pty.expect("j", LIMIT);
            pty.send("\3");
            pty.expect("\n", LIMIT); // The shell has thrown the line away.
            pty.send("\rsh -c 'echo u''p; exec sleep 100'\r");
            pty.expect("up", LIMIT);
            pty.send("\3");
            pty.expect("# ", LIMIT);
            pty.send("echo ended with $?\r");
            pty.expect("ended with 130", LIMIT);
            pty.send("exit 9\r");
            assertEquals(9, pty.await(LIMIT));
        }
    }

    @Test
    void whatIsPipedInGoesThroughAndAnInterruptReachesTheCommand() throws Exception {
        Path input = folder.resolve("input");
        byte[] bytes = new byte[3_000_000];
        new Random(5).nextBytes(bytes);
        Files.write(input, bytes);
        Path output = folder.resolve("output");
        Process cat = start(List.of("exec", "-i", "web", "cat"), input, output);
        assertEquals(0, cat.waitFor());
        assertEquals(-1, Files.mismatch(input, output));

        Process trap = start(
                List.of(
                        "exec",
                        "web",
                        "sh",
                        "-c",
                        "trap 'echo caught; exit 3' INT; echo up; while :; do sleep 0.1; done"),
                Path.of("/dev/null"),
                output);
        LocalCluster.await("it runs", TIMEOUT_MS, () -> read(output).contains("up"));
        External.run(10, List.of("kill", "-INT", Long.toString(trap.pid())));
        assertTrue(trap.waitFor(TIMEOUT_MS, TimeUnit.MILLISECONDS));
        assertEquals(3, trap.exitValue());
        assertEquals("up\ncaught\n", read(output));
    }

    private static Process start(List<String> arguments, Path input, Path output) throws Exception {
        // Who runs tests in the background may have interrupts ignored, which processes inherit.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.addAll(Cli.command(List.of(), arguments.toArray(String[]::new)));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void filesAndFoldersAreCopiedBothWays() throws Exception {
        Path source = folder.resolve("source");
        byte[] bytes = new byte[2_000_000];
        new Random(6).nextBytes(bytes);
        try (RandomAccessFile out = new RandomAccessFile(source.toFile(), "rw")) {
            out.write(bytes);
            out.setLength(40 << 20);
        }
        Files.setAttribute(source, "unix:mode", 0741);
        Path guest = Files.createDirectory(folder.resolve("guest"));
        cli.run("cp", source.toString(), "web:" + guest + "/").ok();
        assertEquals(-1, Files.mismatch(source, guest.resolve("source")));
        assertEquals(0741, (int) Files.getAttribute(guest.resolve("source"), "unix:mode") & 0777);
        Path back = folder.resolve("back");
        cli.run("cp", "web:" + guest.resolve("source"), back.toString()).ok();
        assertEquals(-1, Files.mismatch(source, back));
        assertEquals(0741, (int) Files.getAttribute(back, "unix:mode") & 0777);
        assertEquals(
                "text\n",
                cli.run("cp", "web:" + Files.writeString(guest.resolve("text"), "text\n"), "-")
                        .ok()
                        .out());
        cli.run("cp", "web:/no/such", back.toString()).refused(6, "/no/such");
        assertEquals(-1, Files.mismatch(source, back), "a copy that failed changes nothing");

        Path tree = Files.createDirectories(folder.resolve("tree/sub"));
        Files.writeString(tree.resolve("file"), "in a tree");
        cli.run("cp", tree.getParent().toString(), "web:" + guest.resolve("tree"))
                .refused(2, "-r");
        cli.run("cp", "-r", tree.getParent().toString(), "web:" + guest.resolve("tree"))
                .ok();
        assertEquals("in a tree", Files.readString(guest.resolve("tree/sub/file")));
        cli.run(
                        "cp",
                        "-r",
                        "web:" + guest.resolve("tree"),
                        folder.resolve("tree-back").toString())
                .ok();
        assertEquals("in a tree", Files.readString(folder.resolve("tree-back/sub/file")));
        for (Member member : nodes.members()) {
            Path copies = member.data().resolve("copies");
            String[] left = Files.exists(copies) ? copies.toFile().list() : new String[0];
            assertFalse(left.length > 1, Arrays.toString(left));
        }
    }
}
