package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.sandbox.Landlock;
import dev.stardust.vm.spec.Cpus;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each limit of a worker is tried out from inside, and without the limit too: the attempt must be one that can succeed. */
class ConfinedWorkerTest {
    private static final long LIMIT_S = 60;
    private static final int EPERM = 1;
    private static final int ENOENT = 2;
    private static final int EBADF = 9;
    private static final int EACCES = 13;
    private static final int EFAULT = 14;
    private static final int EINVAL = 22;
    private static final int ENOTTY = 25;
    private static final int ENOSYS = 38;
    private static final int EPROTOTYPE = 91;
    private static final int EAFNOSUPPORT = 97;
    private static final int ENOKEY = 126;

    /** What Landlock refuses; seccomp refuses the rest. */
    private static final Set<BreakOut> FILES = EnumSet.of(
            BreakOut.READ_THE_NODES_TOKEN,
            BreakOut.LIST_THE_DATA_FOLDER,
            BreakOut.WRITE_A_RECORD_OF_THE_NODE,
            BreakOut.READ_THE_FOLDER_OF_ANOTHER_VM,
            BreakOut.READ_THE_FOLDER_OF_ANOTHER_WORKER,
            BreakOut.READ_A_SYSTEM_FILE,
            BreakOut.MAKE_A_FILE_ELSEWHERE,
            BreakOut.WRITE_A_SEGMENT,
            BreakOut.REMOVE_A_SEGMENT,
            BreakOut.WRITE_A_SHARED_DISK,
            BreakOut.WRITE_A_BASE,
            BreakOut.OPEN_MEMORY,
            BreakOut.READ_AN_ENVIRONMENT);

    /** Attempts that fail for another reason when nothing is refused: what they name is not there, or is nonsense. */
    private static final Map<BreakOut, Set<Integer>> NONSENSE = Map.ofEntries(
            Map.entry(BreakOut.EXECUTE, Set.of(ENOENT)),
            Map.entry(BreakOut.NEW_PROCESS, Set.of(EINVAL)),
            Map.entry(BreakOut.NEW_PROCESS_BY_CLONE3, Set.of(EINVAL)),
            Map.entry(BreakOut.IPV6_SOCKET, Set.of(0, EAFNOSUPPORT)),
            Map.entry(BreakOut.SEND_TO_A_UNIX_SOCKET, Set.of(EPROTOTYPE)),
            Map.entry(BreakOut.READ_MEMORY, Set.of(EFAULT)),
            Map.entry(BreakOut.THREAD_IN_A_NAMESPACE, Set.of(EINVAL)),
            Map.entry(BreakOut.ENTER_A_NAMESPACE, Set.of(EBADF)),
            Map.entry(BreakOut.LOAD_A_MODULE, Set.of(EBADF, ENOSYS)),
            Map.entry(BreakOut.LOAD_BPF, Set.of(EFAULT, EINVAL, ENOSYS)),
            Map.entry(BreakOut.IO_URING, Set.of(EFAULT, EINVAL, ENOSYS)),
            Map.entry(BreakOut.PERFORMANCE_EVENTS, Set.of(EFAULT, ENOSYS)),
            Map.entry(BreakOut.KEYS, Set.of(0, ENOKEY, ENOSYS)),
            Map.entry(BreakOut.TYPE_INTO_A_TERMINAL, Set.of(ENOTTY)),
            Map.entry(BreakOut.ANOTHER_FILTER, Set.of(EFAULT)));

    @TempDir
    Path dir;

    private final BlockingQueue<MachineInfo> lost = new LinkedBlockingQueue<>();
    private Path data;
    private Process other;
    private ServerSocketChannel listener;
    private Workers workers;

    @BeforeEach
    void fillTheDataFolder() throws Exception {
        data = dir.resolve("data");
        write("../outside");
        for (String file : List.of("token", "records/a/vm.json", "vms/other/serial.log")) {
            write(file);
        }
        for (String file : List.of("segments/1", "bases/1", "vms/a/mine")) {
            write(file);
        }
        write("../memory/1");
        Files.createSymbolicLink(data.resolve(WorkerRuntime.SHARED), dir.resolve("memory"));
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(data.resolve("other.sock")));
        other = new ProcessBuilder("sleep", "300").start();
    }

    private void write(String file) throws IOException {
        Path path = data.resolve(file).normalize();
        Files.createDirectories(path.getParent());
        Files.writeString(path, "text");
    }

    @AfterEach
    void endAll() throws Exception {
        if (workers != null) {
            await(workers.shutdown(true));
            workers.close();
        }
        listener.close();
        other.destroyForcibly().waitFor();
    }

    @Test
    void aConfinedWorkerBreaksOutNowhere() throws Exception {
        assumeTrue(Landlock.abi() > 0, "this kernel has no Landlock");
        RemoteMachine machine = machine(true, true);
        Map<BreakOut, Integer> expected = new EnumMap<>(BreakOut.class);
        for (BreakOut attempt : BreakOut.values()) {
            expected.put(attempt, FILES.contains(attempt) ? EACCES : EPERM);
        }
        expected.put(BreakOut.NEW_PROCESS_BY_CLONE3, ENOSYS);
        assertEquals(expected, attemptAll(machine));
        assertTrue(other.isAlive());
        assertEquals("text", Files.readString(data.resolve("segments/1")));
    }

    @Test
    void withoutConfinementTheSameAttemptsWork() throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "others are refused some of them anyway");
        Map<BreakOut, Integer> results = attemptAll(machine(false, true));
        results.forEach((attempt, error) ->
                assertTrue(NONSENSE.getOrDefault(attempt, Set.of(0)).contains(error), attempt + " gave " + error));
    }

    /** What {@code isolation: shared} means, as docs/security.md says. */
    @Test
    void aSharedWorkerReadsTheFoldersOfAllVmsButNothingElseOfTheNode() throws Exception {
        assumeTrue(Landlock.abi() > 0, "this kernel has no Landlock");
        RemoteMachine machine = machine(true, false);
        assertEquals(0, attempt(machine, BreakOut.READ_THE_FOLDER_OF_ANOTHER_VM));
        assertEquals(EACCES, attempt(machine, BreakOut.READ_THE_NODES_TOKEN));
        assertEquals(EACCES, attempt(machine, BreakOut.READ_THE_FOLDER_OF_ANOTHER_WORKER));
    }

    @Test
    void onlyTheWorkerOfAVmWithVsockConnectsToHostPrograms() throws Exception {
        RemoteMachine machine = machine(true, true, new Devices(List.of(), false, "/v", false, null, false));
        assertEquals(0, attempt(machine, BreakOut.CONNECT_TO_A_UNIX_SOCKET));
        assertEquals(EPERM, attempt(machine, BreakOut.SEND_TO_A_UNIX_SOCKET));
        assertEquals(EPERM, attempt(machine, BreakOut.TCP_SOCKET));
    }

    @Test
    void everyThreadOfAWorkerIsFilteredAndNoneHasACapability() throws Exception {
        long pid = machine(true, false).workerPid();
        int threads = 0;
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks.toList()) {
                Map<String, String> status = status(task);
                if (status.isEmpty()) {
                    continue;
                }
                assertEquals("2", status.get("Seccomp"), task::toString);
                assertEquals("1", status.get("NoNewPrivs"), task::toString);
                for (String set : List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) {
                    assertEquals("0000000000000000", status.get(set), () -> set + " of " + task);
                }
                threads++;
            }
        }
        assertTrue(threads > 10, threads + " threads");
    }

    @Test
    void theNodeKeepsItsRights() throws Exception {
        await(machine(true, true).destroy());
        Set<String> restricted = new TreeSet<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : tasks.toList()) {
                Map<String, String> status = status(task);
                if ("1".equals(status.get("NoNewPrivs"))) {
                    restricted.add(status.get("Name"));
                }
            }
        }
        // It waits for the worker and does nothing else; after its name the JDK may put the worker's pid.
        restricted.removeIf(name -> name.startsWith("process reaper"));
        assertEquals(Set.of(), restricted);
        assertEquals("text", Files.readString(data.resolve("token")));
    }

    @Test
    void aWorkerGetsNothingOfTheNodesEnvironmentThatItDoesNotNeed() throws Exception {
        long pid = machine(true, false).workerPid();
        Set<String> names = Files.readString(Path.of("/proc/" + pid + "/environ"))
                .lines()
                .flatMap(all -> Stream.of(all.split("\0")))
                .map(entry -> entry.substring(0, entry.indexOf('=')))
                .collect(Collectors.toSet());
        names.removeAll(Set.of("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "JAVA_TOOL_OPTIONS"));
        assertEquals(Set.of("MALLOC_ARENA_MAX"), names);
    }

    @Test
    void garbageIsCollectedWhileThreadsComeAndGo() throws Exception {
        assertEquals(40, ask(machine(true, false), "collectGarbage", Map.of()).asInt());
    }

    @Test
    void aCrashEndsTheWorkerAndIsWrittenDown() throws Exception {
        Path file = data.resolve("vms/crash.log");
        RemoteMachine machine = machine(true, false, "-XX:ErrorFile=" + file);
        var unanswered = machine.request("crash", Map.of(), Duration.ofSeconds(LIMIT_S));
        MachineInfo gone = lost.poll(LIMIT_S, TimeUnit.SECONDS);
        assertTrue(gone.reason().endsWith("died of signal 6"), gone.reason());
        String report = Files.readString(file);
        assertTrue(report.contains("SIGSEGV") && report.contains("END."), report);
        assertTrue(unanswered.toCompletableFuture().isCompletedExceptionally());
    }

    @Test
    void aCallOfAnotherAbiKillsTheWorker() throws Exception {
        var unanswered = machine(true, false).request("otherAbi", Map.of(), Duration.ofSeconds(LIMIT_S));
        MachineInfo gone = lost.poll(LIMIT_S, TimeUnit.SECONDS);
        assertTrue(gone.reason().endsWith("died of signal 31"), gone.reason());
        assertTrue(unanswered.toCompletableFuture().isCompletedExceptionally());
    }

    private Map<BreakOut, Integer> attemptAll(RemoteMachine machine) throws Exception {
        Map<BreakOut, Integer> errors = new EnumMap<>(BreakOut.class);
        for (BreakOut attempt : BreakOut.values()) {
            errors.put(attempt, attempt(machine, attempt));
        }
        return errors;
    }

    private int attempt(RemoteMachine machine, BreakOut attempt) throws Exception {
        Map<String, Object> arguments = Map.of(
                "attempt",
                attempt.name(),
                "data",
                data.toString(),
                "folder",
                data.resolve("vms/a").toString(),
                "pid",
                other.pid());
        return ask(machine, "breakOut", arguments).asInt();
    }

    private static JsonNode ask(RemoteMachine machine, String op, Object arguments) throws Exception {
        return await(machine.request(op, arguments, Duration.ofSeconds(LIMIT_S)))
                .path("result");
    }

    private RemoteMachine machine(boolean confined, boolean strict, String... options) throws Exception {
        return machine(confined, strict, Devices.NONE, options);
    }

    private RemoteMachine machine(boolean confined, boolean strict, Devices devices, String... options)
            throws Exception {
        WorkerSettings settings = new WorkerSettings(
                data.resolve("workers"),
                "node-1",
                "cluster-1",
                System.getProperty("java.class.path"),
                BreakOutWorkerMain.class.getName(),
                List.of(options),
                50,
                Duration.ofSeconds(LIMIT_S),
                Duration.ofSeconds(LIMIT_S),
                confined);
        workers = await(Workers.open(settings, new WorkersListener() {
            @Override
            public void machineChanged(MachineInfo machine) {}

            @Override
            public void machineLost(MachineInfo machine) {
                lost.add(machine);
            }
        }));
        write("workers/other/log"); // Now, since a node removes what dead workers left.
        CreateMachine spec = new CreateMachine("a", 1, 8, Cpus.ONE, null, null, "/s", List.of(), devices, "");
        return await(workers.create(spec, strict));
    }

    /** Empty when the thread has ended. */
    private static Map<String, String> status(Path task) {
        try {
            return Files.readAllLines(task.resolve("status")).stream()
                    .map(line -> line.split(":\\s*", 2))
                    .filter(field -> field.length == 2)
                    .collect(Collectors.toMap(field -> field[0], field -> field[1]));
        } catch (IOException e) {
            return Map.of();
        }
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
