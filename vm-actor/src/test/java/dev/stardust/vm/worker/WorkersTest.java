package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real worker processes, whose machines are fakes. */
class WorkersTest {
    private static final long LIMIT_S = 60;

    @TempDir
    Path data;

    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private Workers workers;

    @AfterEach
    void endAllWorkers() throws Exception {
        if (workers != null) {
            await(workers.shutdown(true));
            workers.close();
        }
    }

    @Test
    void aKilledWorkerTakesItsOwnMachinesOnlyAndEachIsReported() throws Exception {
        workers = open(settings(2));
        RemoteMachine a = create("a");
        RemoteMachine b = create("b");
        RemoteMachine c = create("c");
        assertEquals(a.workerPid(), b.workerPid());
        assertNotEquals(a.workerPid(), c.workerPid());
        await(c.resume());
        assertEquals("changed c RUNNING told so", next());

        kill(a.workerPid());

        assertEquals(
                Set.of("lost a FAILED worker process PID died", "lost b FAILED worker process PID died"),
                lost(2, a.workerPid()));
        assertEquals(Phase.RUNNING, await(c.status()).phase());
        assertEquals(Set.of("c"), names());
        assertThrows(MachineException.class, () -> await(a.status()));
        Path folder = data.resolve("workers").resolve(a.workerId());
        for (int i = 0; Files.exists(folder) && i < LIMIT_S * 100; i++) {
            Thread.sleep(10);
        }
        assertFalse(Files.exists(folder));
        assertEquals("a", create("a").name());
    }

    @Test
    void aRestartedNodeFindsItsMachinesRunning() throws Exception {
        Workers before = open(settings(50));
        workers = before;
        RemoteMachine a = await(before.create(spec("a", 7, "x=1"), false));
        await(a.resume());
        await(a.place(8, "OUTGOING"));
        RemoteMachine strict = await(before.create(spec("s", 1, "x=1"), true));
        assertNotEquals(a.workerPid(), strict.workerPid());
        before.close();

        workers = open(settings(50));
        assertEquals(Set.of("a", "s"), names());
        RemoteMachine found = workers.machine("a").orElseThrow();
        assertEquals(a.workerPid(), found.workerPid());
        assertEquals(8, found.epoch());
        assertEquals("OUTGOING", found.tag());
        assertEquals(Phase.RUNNING, await(found.status()).phase());
        told.clear();
        await(found.pause());
        assertEquals("changed a PAUSED told so", next());
        assertEquals(found.workerPid(), create("b").workerPid());
        assertThrows(WorkerException.class, () -> create("a"));

        kill(found.workerPid());
        assertEquals(
                Set.of("lost a FAILED worker process PID died", "lost b FAILED worker process PID died"),
                lost(2, found.workerPid()));
    }

    @Test
    void machinesWhoseWorkerDiedWhileNoNodeRanAreReportedAtTheStart() throws Exception {
        workers = open(settings(50));
        RemoteMachine a = await(workers.create(spec("a", 3, "x=1"), false));
        workers.close();
        kill(a.workerPid());

        workers = open(settings(50));
        assertEquals(Set.of("lost a FAILED worker process PID died"), lost(1, a.workerPid()));
        assertEquals(Set.of(), names());
        try (Stream<Path> left = Files.list(data.resolve("workers"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aLivingWorkerWhoseFileIsDamagedIsFoundAllTheSame() throws Exception {
        workers = open(settings(50));
        RemoteMachine a = create("a");
        workers.close();
        Files.writeString(data.resolve("workers").resolve(a.workerId()).resolve("worker.json"), "{");

        workers = open(settings(50));
        assertEquals(a.workerPid(), workers.machine("a").orElseThrow().workerPid());
    }

    @Test
    void aWorkersFileCannotLeadTheNodeToAnotherProcess() throws Exception {
        workers = open(settings(50));
        RemoteMachine a = create("a");
        workers.close();
        Process other = new ProcessBuilder("sleep", "60").start();
        try {
            ProcessId claimed = ProcessId.of(other.pid()).orElseThrow();
            new WorkerFile(a.workerId(), claimed.pid(), claimed.startTicks(), Protocol.VERSION)
                    .write(data.resolve("workers").resolve(a.workerId()));

            workers = open(settings(50));
            assertEquals(a.workerPid(), workers.machine("a").orElseThrow().workerPid());
            workers.close();
            kill(a.workerPid());

            workers = open(settings(50));
            assertEquals("lost a FAILED the worker process died", next());
            assertTrue(other.isAlive());
        } finally {
            other.destroyForcibly();
        }
    }

    @Test
    void aWorkerOfAnotherClusterIsLeftAloneAndItsMachinesAreNotStartedTwice() throws Exception {
        Workers owner = open(settings(50));
        workers = owner;
        RemoteMachine a = create("a");

        WorkerSettings foreign = settings("other-cluster", 50, "-Da=1");
        Workers other = await(Workers.open(foreign, listener()));
        MachineException refused = assertThrows(
                MachineException.class,
                () -> await(other.machine("a").orElseThrow().pause()));
        assertTrue(refused.getMessage().contains("belongs to node node-1 of cluster cluster-1"), refused.getMessage());
        assertThrows(WorkerException.class, () -> await(other.create(spec("a", 1, "x=1"), false)));
        other.close();
        assertEquals(Phase.CREATED, await(a.status()).phase());
    }

    @Test
    void aWorkerThatDiesAtOnceIsReportedWithItsLog() throws Exception {
        workers = open(settings("cluster-1", 50, "-Dfake.dies=true"));
        WorkerException e = assertThrows(WorkerException.class, () -> create("a"));
        assertEquals(WorkerException.Code.LOST, e.code());
        assertTrue(e.getMessage().contains("told to die at once"), e.getMessage());
        try (Stream<Path> left = Files.list(data.resolve("workers"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aFailedCreationIsToldAndItsNameFree() throws Exception {
        workers = open(settings(50));
        WorkerException e =
                assertThrows(WorkerException.class, () -> await(workers.create(spec("a", 1, "fail"), false)));
        assertEquals("the machine was told to fail", e.getMessage());
        assertEquals("a", create("a").name());
    }

    @Test
    void aDestroyedStrictMachineEndsItsWorker() throws Exception {
        workers = open(settings(50));
        RemoteMachine strict = await(workers.create(spec("s", 1, "x=1"), true));
        await(strict.destroy());
        for (int i = 0; ProcessId.of(strict.workerPid()).isPresent(); i++) {
            assertTrue(i < LIMIT_S * 100, "the worker is still there");
            Thread.sleep(10);
        }
        assertEquals(Set.of(), names());
    }

    @Test
    void devicesAreLookedAtAndTheirFaultsTold() throws Exception {
        workers = open(settings(50));
        RemoteMachine a = create("a");
        await(a.setBalloon(5 << 20));
        assertEquals("fault a 1 balloon: the driver was asked for 5242880", next());
        assertEquals(
                Map.of("target.bytes", 5L << 20),
                await(a.devices()).get(0).metrics().gauges());
    }

    @Test
    void operationsOfOtherModulesReachTheMachine() throws Exception {
        workers = open(settings(50));
        JsonNode reply = await(create("a").request("echo", Map.of("n", 3), Duration.ofSeconds(30)));
        assertEquals(3, reply.path("n").asInt());
        assertEquals("event echoed {\"vm\":\"a\"}", next());
    }

    @Test
    void aTooLongPathIsRefusedByItsReason() {
        WorkerSettings deep = WorkerSettings.of(
                data.resolve("d".repeat(90)),
                "node-1",
                "cluster-1",
                classPath(),
                FakeWorkerMain.class.getName(),
                List.of());
        WorkerException e = assertThrows(WorkerException.class, () -> {
            workers = open(deep);
            create("a");
        });
        assertTrue(e.getMessage().contains("choose a shorter data folder"), e.getMessage());
    }

    private RemoteMachine create(String vm) throws Exception {
        return await(workers.create(spec(vm, 1, "x=1"), false));
    }

    private static CreateMachine spec(String vm, long epoch, String commandLine) {
        return new CreateMachine(
                vm, epoch, 8, Cpus.ONE, Boot.of("/k", commandLine), null, "/s", List.of(), Devices.NONE, "");
    }

    private Set<String> names() {
        return workers.machines().stream().map(RemoteMachine::name).collect(Collectors.toSet());
    }

    private WorkerSettings settings(int maxMachines) {
        return settings("cluster-1", maxMachines, "-Da=1");
    }

    private WorkerSettings settings(String cluster, int maxMachines, String option) {
        return new WorkerSettings(
                data.resolve("workers"),
                "node-1",
                cluster,
                classPath(),
                FakeWorkerMain.class.getName(),
                List.of(option),
                maxMachines,
                Duration.ofSeconds(LIMIT_S),
                Duration.ofSeconds(LIMIT_S),
                true);
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }

    private Workers open(WorkerSettings settings) throws Exception {
        return await(Workers.open(settings, listener()));
    }

    private WorkersListener listener() {
        return new WorkersListener() {
            @Override
            public void machineChanged(MachineInfo m) {
                told.add("changed " + m.vm() + " " + m.phase() + " " + m.reason());
            }

            @Override
            public void machineLost(MachineInfo m) {
                told.add("lost " + m.vm() + " " + m.phase() + " " + m.reason());
            }

            @Override
            public void deviceFaulted(DeviceFault f) {
                told.add("fault " + f.vm() + " " + f.epoch() + " " + f.device() + ": " + f.message());
            }

            @Override
            public void workerEvent(String workerId, String name, JsonNode body) {
                told.add("event " + name + " " + body);
            }
        };
    }

    private String next() throws InterruptedException {
        return told.poll(LIMIT_S, TimeUnit.SECONDS);
    }

    /** The next {@code n} things told, with the pid and how the process ended left out. */
    private Set<String> lost(int n, long pid) throws InterruptedException {
        Set<String> lost = new HashSet<>();
        for (int i = 0; i < n; i++) {
            lost.add(next().replace(" " + pid + " ", " PID ").replaceAll(" died.*", " died"));
        }
        return lost;
    }

    /** Kills it and waits until it is gone. */
    private static void kill(long pid) throws Exception {
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        process.onExit().get(LIMIT_S, TimeUnit.SECONDS);
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture()
                    .orTimeout(LIMIT_S, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }
}
