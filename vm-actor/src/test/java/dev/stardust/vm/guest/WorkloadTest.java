package dev.stardust.vm.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The workload of the real agent, as a process of this host. */
final class WorkloadTest {
    private static final long LIMIT_S = 30;
    private static final int RING_BYTES = 64 << 10;
    private static final int ENODEV = 19;
    private static final int EINVAL = 22;

    @TempDir
    static Path built;

    private static Path program;

    @TempDir
    Path dir;

    private TestAgent process;
    private GuestAgent agent;

    @BeforeAll
    static void build() throws Exception {
        program = TestAgent.build(built);
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

    private static GuestCommand shell(String script) {
        return GuestCommand.of("sh", "-c", script);
    }

    private Execution attach(Collected collected) throws Exception {
        return await(agent.attach(collected).thenApply(collected::with));
    }

    private void untilExited() throws Exception {
        until("it has exited", () -> await(agent.workloadStatus()).state() == WorkloadStatus.State.EXITED);
    }

    private String console() throws Exception {
        return Files.readString(dir.resolve("console"));
    }

    @Test
    void thereIsOneABootAndItsEndIsKept() throws Exception {
        assertEquals(new WorkloadStatus(WorkloadStatus.State.NONE, 0, null), await(agent.workloadStatus()));
        assertThrows(AgentException.class, () -> await(agent.attach(new Collected(true))));
        assertEquals(
                AgentException.NOT_FOUND,
                assertThrows(
                                AgentException.class,
                                () -> await(agent.startWorkload(GuestCommand.of("no-such-program"), Map.of())))
                        .errno());
        long pid = await(agent.startWorkload(shell("read line; exit 5").withInput(), Map.of()));
        assertEquals(new WorkloadStatus(WorkloadStatus.State.RUNNING, pid, null), await(agent.workloadStatus()));
        AgentException second =
                assertThrows(AgentException.class, () -> await(agent.startWorkload(shell("true"), Map.of())));
        assertEquals(AgentException.BUSY, second.errno());
        attach(new Collected(true)).endInput();
        untilExited();
        assertEquals(
                new WorkloadStatus(WorkloadStatus.State.EXITED, pid, new ExitStatus(5, 0)),
                await(agent.workloadStatus()));
        assertThrows(AgentException.class, () -> await(agent.startWorkload(shell("true"), Map.of())));
    }

    @Test
    void whoAttachesGetsAllFromTheStartAndMayWriteAndSignal() throws Exception {
        await(agent.startWorkload(
                shell("echo begun; echo wrong >&2; read line; echo $line; trap 'echo caught; exit 9' TERM; echo up;"
                                + " while :; do sleep 0.02; done")
                        .withInput(),
                Map.of()));
        Collected first = new Collected(true);
        Execution one = attach(first);
        assertEquals(await(agent.workloadStatus()).pid(), one.pid());
        Collected second = new Collected(true);
        Execution other = attach(second);
        await(other.write("typed\n".getBytes(StandardCharsets.US_ASCII)));
        until("it is up", () -> first.text().endsWith("up\n"));
        other.kill(); // Which only detaches.
        assertThrows(AgentException.class, () -> await(other.exit()));
        one.signal(15);
        assertEquals(new ExitStatus(9, 0), await(one.exit()));
        assertEquals("begun\ntyped\nup\ncaught\n", first.text());
        assertTrue(first.errorText().startsWith("wrong\n"), first.errorText()); // A shell may add "Terminated".
        until(
                "the console has it",
                () -> console().contains("caught\n") && console().contains("wrong\n"));
    }

    @Test
    void itOutlivesTheConnectionAndOfMuchOutputTheLastIsKept() throws Exception {
        await(agent.startWorkload(shell("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done"), Map.of()));
        agent.close();
        agent = process.connect();
        untilExited();
        Collected late = new Collected(true);
        assertEquals(0, await(attach(late).exit()).code());
        assertEquals(RING_BYTES, late.length());
        assertTrue(late.text().endsWith("line 29998\nline 29999\n"));
        assertEquals(30_000, console().lines().count());
    }

    @Test
    void whoIsAttachedLosesNothingAndHoldsItUpUntilHeConsumesOrLeaves() throws Exception {
        await(agent.startWorkload(
                shell("read line; head -c 2000000 /dev/zero; echo; read line").withInput(), Map.of()));
        Collected slow = new Collected(false);
        Execution stuck = attach(slow);
        Collected all = new Collected(true);
        Execution reader = attach(all);
        await(reader.write("go\n".getBytes(StandardCharsets.US_ASCII)));
        until("it stands still", () -> slow.length() == AgentConnection.WINDOW_BYTES);
        Thread.sleep(100);
        assertTrue(all.length() <= AgentConnection.WINDOW_BYTES + RING_BYTES, all.length() + " bytes");
        stuck.kill();
        until("it goes on", () -> all.length() == 2_000_001);
        reader.endInput();
        assertEquals(1, await(reader.exit()).code());
    }

    @Test
    void atATerminalItHasASizeAndTheConsoleStaysQuiet() throws Exception {
        GuestCommand command = new GuestCommand(
                List.of("sh", "-c", "stty size; read line; stty size"),
                Map.of(),
                null,
                null,
                new GuestCommand.TerminalSize(91, 33),
                true);
        await(agent.startWorkload(command, Map.of()));
        Collected said = new Collected(true);
        Execution attached = attach(said);
        until("its size is told", () -> said.text().contains("33 91"));
        attached.resize(new GuestCommand.TerminalSize(120, 40));
        await(attached.write("\n".getBytes(StandardCharsets.US_ASCII)));
        assertEquals(0, await(attached.exit()).code());
        assertTrue(said.text().contains("40 120"), said.text());
        assertEquals("", console());
    }

    @Test
    void secretsAreFilesThatOnlyItMayRead() throws Exception {
        byte[] bytes = {0, 1, (byte) 0xff, '\n'};
        await(agent.startWorkload(shell("true"), Map.of("a", bytes, "b", new byte[0])));
        Path secret = dir.resolve("secrets/a");
        assertEquals(-1, Files.mismatch(secret, Files.write(dir.resolve("expected"), bytes)));
        assertEquals("r--------", PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)));
        assertEquals(0, Files.size(dir.resolve("secrets/b")));
    }

    @Test
    void aSecretsNameLeadsNowhereElse() throws Exception {
        for (String name : List.of("../a", "", ".", "..", "/etc/a", "a".repeat(300))) {
            assertThrows(
                    AgentException.class,
                    () -> await(agent.startWorkload(shell("true"), Map.of(name, new byte[1]))),
                    name);
        }
        assertEquals(WorkloadStatus.State.NONE, await(agent.workloadStatus()).state());
        assertThrows(
                IllegalArgumentException.class,
                () -> await(agent.startWorkload(shell("true"), Map.of("a", new byte[70_000]))));
    }

    private AgentException mountFails(String serial, String path) {
        return assertThrows(AgentException.class, () -> await(agent.mountVolume(serial, path, false)));
    }

    @Test
    void aVolumeHasADiskOfThisMachineAndAFolderThatIsNotTheSystems() {
        for (String path : List.of(
                "", "data", "/", "/a//b", "/a/", "/a/../b", "/./a", "/proc", "/sys/x", "/dev", "/run/secrets")) {
            assertEquals(EINVAL, mountFails("vol-0", path).errno(), path);
        }
        for (String serial : List.of("", "a".repeat(21), "../vda", "Vol")) {
            assertEquals(EINVAL, mountFails(serial, "/data").errno(), serial);
        }
        assertEquals(EINVAL, mountFails("vol-0", "/" + "a".repeat(5000)).errno());
        assertEquals(ENODEV, mountFails("vol-0", "/data").errno());
    }
}
