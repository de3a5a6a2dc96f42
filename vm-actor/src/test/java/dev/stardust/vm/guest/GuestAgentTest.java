package dev.stardust.vm.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real agent, as a process of this host. What would change the host itself is not asked of it here. */
final class GuestAgentTest {
    private static final long LIMIT_S = 30;

    @TempDir
    static Path built;

    private static Path program;
    private static ExecutorService io;

    @TempDir
    Path dir;

    private TestAgent process;
    private GuestAgent agent;

    @BeforeAll
    static void build() throws Exception {
        program = TestAgent.build(built);
        io = Executors.newCachedThreadPool();
    }

    @AfterAll
    static void endThreads() {
        io.shutdownNow();
    }

    @BeforeEach
    void start() throws Exception {
        process = TestAgent.start(program, dir);
        agent = process.connect();
    }

    @AfterEach
    void end() throws Exception {
        agent.close();
        process.close();
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    private static void until(String what, Callable<Boolean> holds) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!holds.call()) {
            assertTrue(System.nanoTime() < end, what);
            Thread.sleep(5);
        }
    }

    private Execution started(GuestCommand command, Collected collected) throws Exception {
        return await(Collected.start(agent, command, collected));
    }

    @Test
    void aCommandReadsWritesAndEndsWithItsCode() throws Exception {
        Collected said = new Collected(true);
        Execution cat = started(
                GuestCommand.of("sh", "-c", "echo before; cat; echo wrong >&2; exit 7")
                        .withInput(),
                said);
        byte[] much = new byte[1_000_000];
        java.util.Arrays.fill(much, (byte) 'x');
        await(cat.write("first ".getBytes(StandardCharsets.UTF_8)));
        await(cat.write(much));
        cat.endInput();
        assertEquals(new ExitStatus(7, 0), await(cat.exit()));
        assertEquals("before\nfirst " + "x".repeat(much.length), said.text());
        assertEquals("wrong\n", said.errorText());
        assertTrue(cat.pid() > 1);
    }

    @Test
    void itsEnvironmentFolderAndUserAreAsAskedFor() throws Exception {
        Collected said = new Collected(true);
        GuestCommand command = new GuestCommand(
                List.of("sh", "-c", "echo $HOME; pwd; id -u; id -g; env | grep -c ."),
                Map.of("A", "b c", "HOME", "/x"),
                "/usr",
                isRoot() ? "65534:0" : null,
                null,
                false);
        assertEquals(0, await(started(command, said).exit()).code());
        String[] lines = said.text().split("\n");
        assertEquals("/x", lines[0]);
        assertEquals("/usr", lines[1]);
        if (isRoot()) {
            assertEquals("65534", lines[2]);
            assertEquals("0", lines[3]);
        }
        // A, HOME, PATH, and what the shell adds: PWD and perhaps OLDPWD, SHLVL and _.
        assertTrue(Integer.parseInt(lines[4]) <= 7, said.text());
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    @Test
    void aTerminalHasASizeThatChanges() throws Exception {
        Collected said = new Collected(true);
        GuestCommand.TerminalSize size = new GuestCommand.TerminalSize(91, 33);
        Execution shell = started(
                new GuestCommand(
                        List.of("sh", "-c", "stty size; read line; stty size; echo got $line"),
                        Map.of(),
                        null,
                        null,
                        size,
                        true),
                said);
        until("the terminal's size is told", () -> said.text().contains("33 91"));
        shell.resize(new GuestCommand.TerminalSize(120, 40));
        await(shell.write("typed\n".getBytes(StandardCharsets.UTF_8)));
        assertEquals(0, await(shell.exit()).code());
        assertTrue(said.text().contains("40 120"), said.text());
        assertTrue(said.text().contains("got typed"), said.text());
    }

    @Test
    void controlCAtATerminalEndsWhatRunsThere() throws Exception {
        Collected said = new Collected(true);
        Execution sleep = started(
                new GuestCommand(
                        List.of("sh", "-c", "echo up; exec sleep 1000"),
                        Map.of(),
                        null,
                        null,
                        new GuestCommand.TerminalSize(80, 24),
                        true),
                said);
        until("it runs", () -> said.text().contains("up"));
        await(sleep.write(new byte[] {3}));
        assertEquals(new ExitStatus(130, 2), await(sleep.exit()));
    }

    @Test
    void signalsReachItAndWhatItStarted() throws Exception {
        Collected said = new Collected(true);
        Execution shell = started(GuestCommand.of("sh", "-c", "sleep 1000 & echo $!; wait"), said);
        until("its child is told", () -> said.text().endsWith("\n"));
        long child = Long.parseLong(said.text().strip());
        shell.signal(15);
        assertEquals(new ExitStatus(143, 15), await(shell.exit()));
        until(
                "the child is gone",
                () -> !ProcessHandle.of(child).map(ProcessHandle::isAlive).orElse(false));
    }

    @Test
    void aCommandThatIsKilledIsGone() throws Exception {
        Execution sleep = started(GuestCommand.of("sleep", "1000"), new Collected(true));
        sleep.kill();
        assertThrows(AgentException.class, () -> await(sleep.exit()));
        until(
                "the process is gone",
                () -> !ProcessHandle.of(sleep.pid()).map(ProcessHandle::isAlive).orElse(false));
    }

    @Test
    void manyRunAtOnceAndOneWhoseOutputNobodyTakesHoldsUpNoOther() throws Exception {
        Collected stuck = new Collected(false);
        Execution endless = started(GuestCommand.of("cat", "/dev/zero"), stuck);
        List<Execution> all = new ArrayList<>();
        List<Collected> said = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            said.add(new Collected(true));
            all.add(started(GuestCommand.of("sh", "-c", "head -c 400000 /dev/zero; exit " + i), said.get(i)));
        }
        for (int i = 0; i < all.size(); i++) {
            assertEquals(i, await(all.get(i).exit()).code());
            assertEquals(400_000, said.get(i).length());
        }
        assertEquals(AgentConnection.WINDOW_BYTES, stuck.length());
        endless.consumed(100_000);
        until("it goes on by what was consumed", () -> stuck.length() == AgentConnection.WINDOW_BYTES + 100_000);
        endless.kill();
    }

    @Test
    void whatCannotBeStartedSaysWhy() throws Exception {
        AgentException missing = assertThrows(
                AgentException.class, () -> started(GuestCommand.of("no-such-program"), new Collected(true)));
        assertEquals(AgentException.NOT_FOUND, missing.errno());
        assertTrue(missing.getMessage().contains("no-such-program"), missing.getMessage());
        Path noProgram = Files.writeString(dir.resolve("text"), "text");
        AgentException notAllowed = assertThrows(
                AgentException.class, () -> started(GuestCommand.of(noProgram.toString()), new Collected(true)));
        assertEquals(AgentException.NOT_ALLOWED, notAllowed.errno());
        GuestCommand nobody = new GuestCommand(List.of("true"), Map.of(), null, "no-such-user", null, false);
        assertTrue(assertThrows(AgentException.class, () -> started(nobody, new Collected(true)))
                .getMessage()
                .contains("no user no-such-user"));
        assertEquals(
                0,
                await(started(GuestCommand.of("true"), new Collected(true)).exit())
                        .code());
    }

    @Test
    void commandsEndWithTheirConnectionAndTheNextOneIsServed() throws Exception {
        Execution sleep = started(GuestCommand.of("sleep", "1000"), new Collected(true));
        agent.close();
        assertInstanceOf(AgentException.class, assertThrows(Exception.class, () -> await(sleep.exit())));
        until(
                "the process is gone",
                () -> !ProcessHandle.of(sleep.pid()).map(ProcessHandle::isAlive).orElse(false));
        agent = process.connect();
        await(agent.ping());
    }

    private Path sparse(String name, long seed) throws Exception {
        Path file = dir.resolve(name);
        byte[] data = new byte[700_000];
        new Random(seed).nextBytes(data);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(data);
            out.seek(50 << 20);
            out.write(data);
            out.setLength(80 << 20);
        }
        Files.setAttribute(file, "unix:mode", 0751);
        return file;
    }

    private static long blocks(Path file) throws Exception {
        Process stat = new ProcessBuilder("stat", "--format=%b", file.toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip());
    }

    private static void assertCopied(Path source, Path copy) throws Exception {
        assertEquals(-1, Files.mismatch(source, copy));
        assertEquals((int) Files.getAttribute(source, "unix:mode"), (int) Files.getAttribute(copy, "unix:mode"));
        assertTrue(blocks(copy) < (4 << 20) / 512, "holes are kept");
    }

    @Test
    void filesGoBothWaysWithTheirHolesAndPermissions() throws Exception {
        Path source = sparse("source", 1);
        Path inGuest = dir.resolve("in-guest");
        assertEquals(80 << 20, await(agent.upload(source, inGuest.toString(), io)));
        assertCopied(source, inGuest);
        Path back = dir.resolve("back");
        assertEquals(80 << 20, await(agent.download(inGuest.toString(), back, io)));
        assertCopied(source, back);
        Path empty = Files.createFile(dir.resolve("empty"));
        assertEquals(0, await(agent.upload(empty, dir.resolve("empty2").toString(), io)));
        assertEquals(0, await(agent.download(dir.resolve("empty2").toString(), dir.resolve("empty3"), io)));
        assertEquals(0, Files.size(dir.resolve("empty3")));
        // A file that was there is replaced.
        Files.writeString(back, "something else");
        await(agent.download(inGuest.toString(), back, io));
        assertCopied(source, back);
        try (var left = Files.list(dir)) {
            assertTrue(left.noneMatch(f -> f.toString().endsWith(".part")));
        }
    }

    @Test
    void copiesThatBrokeOffGoOnUnlessTheFileHasChanged() throws Exception {
        Path source = sparse("source", 2);
        long modifiedMs = Files.getLastModifiedTime(source).toMillis();
        // As if 600,000 bytes had come over before, of which one is wrong: it stays, for these are not sent again.
        byte[] head = new byte[600_000];
        try (var in = Files.newInputStream(source)) {
            in.readNBytes(head, 0, head.length);
        }
        head[10] ^= 1;
        Path inGuest = dir.resolve("in-guest");
        Files.write(dir.resolve("in-guest." + (80 << 20) + "-" + modifiedMs + ".part"), head);
        await(agent.upload(source, inGuest.toString(), io));
        assertEquals(10, Files.mismatch(source, inGuest));

        Path back = dir.resolve("back");
        long modifiedS = Files.getLastModifiedTime(source).to(TimeUnit.SECONDS);
        Files.write(dir.resolve("back." + (80 << 20) + "-" + modifiedS + ".part"), head);
        await(agent.download(source.toString(), back, io));
        assertEquals(10, Files.mismatch(source, back));

        // What is left of another file is not.
        Files.write(dir.resolve("back." + (80 << 20) + "-" + (modifiedS - 1) + ".part"), head);
        await(agent.download(source.toString(), back, io));
        assertCopied(source, back);
    }

    @Test
    void filesThatCannotBeCopiedSayWhyAndLeaveNothing() throws Exception {
        AgentException missing = assertThrows(
                AgentException.class, () -> await(agent.download("/no/such/file", dir.resolve("target"), io)));
        assertEquals(AgentException.NOT_FOUND, missing.errno());
        assertTrue(assertThrows(AgentException.class, () -> await(agent.download("/", dir.resolve("target"), io)))
                .getMessage()
                .contains("no regular file"));
        Path source = sparse("source", 3);
        assertThrows(AgentException.class, () -> await(agent.upload(source, "/no/such/folder/file", io)));
        assertFalse(Files.exists(dir.resolve("target")));
        await(agent.ping());
    }

    @Test
    void metricsTellWhatTheGuestUses() throws Exception {
        SortedMap<String, Long> metrics = await(agent.metrics());
        for (String name : List.of(
                "memory_total_bytes",
                "memory_available_bytes",
                "load_1m_thousandths",
                "uptime_ms",
                "cpu_busy_ms",
                "cpus",
                "disk_total_bytes",
                "disk_free_bytes",
                "network_received_bytes",
                "network_sent_bytes")) {
            assertTrue(metrics.getOrDefault(name, -1L) >= 0, name + " in " + metrics);
        }
        assertTrue(metrics.get("memory_available_bytes") < metrics.get("memory_total_bytes"));
        assertEquals(
                Runtime.getRuntime().availableProcessors(), metrics.get("cpus").intValue());
    }

    @Test
    void anAgentOfAnotherVersionIsToldOf() throws Exception {
        agent.close();
        try (SocketChannel channel = process.open()) {
            channel.write(java.nio.ByteBuffer.wrap(new AgentFrame(
                            AgentFrame.HELLO,
                            0,
                            new AgentFields()
                                    .add(AgentFields.VERSION, 2)
                                    .add(AgentFields.NONCE, new byte[16])
                                    .payload())
                    .encode()));
            AgentFrame answer = new AgentFrame.Reader(channel).read();
            assertEquals(AgentFrame.FAILED, answer.type());
            assertTrue(GuestAgent.failure(answer).getMessage().contains("version 1"));
        }
    }
}
