package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.Cli.Answer;
import dev.stardust.ops.demo.Checker;
import dev.stardust.ops.demo.Claim;
import dev.stardust.ops.demo.Expectation;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.demo.ProcessTable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the demo as a user does, then breaks what each claim says, once, on the kept cluster, and sees the checker fail
 * that claim. What can be put back is put back; what cannot comes last.
 */
@Tag("kvm")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DemoTest {
    private static final String NODE_PROCESSES = "one node process runs on every host";
    private static final String SPREAD = "the image's chunks are spread";
    private static final String DIGESTS = "every guest read its whole disk";
    private static final String RUNS_ONCE = "every VM that must run runs exactly once";
    private static final String HEARTBEATS = "every running guest gives heartbeats";
    private static final String CHECKS = "the guests' own checks";
    private static final String WENT_ON = "the migrated guest went on counting";
    private static final String DISK_KEPT = "what the migrated guest wrote to its disk";
    private static final String SOURCE_CLEAN = "the source of the migration has no such VM";
    private static final String OUTLIVED = "guests went on while their node process was dead";
    private static final String TAKEN_UP = "the restarted node took its guests up";
    private static final String LOST_GONE = "no guest of the killed host runs";
    private static final String LOST_SHOWN = "the killed host's VMs are shown as lost";
    private static final int CLAIMS = 13;
    private static final int CLAIMS_OF_LINUX = 4;

    private static final int DEMO_TIMEOUT_S = 600;
    private static final int TIMEOUT_MS = 30_000;
    private static final long MIB = 1 << 20;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static int portBase;
    private static Answer demo;
    private static LocalCluster cluster;
    private static Expectation expected;
    private static Member from;
    private static Member restarted;
    private static Member dead;

    @BeforeAll
    static void runTheDemo() throws IOException, InterruptedException {
        Kvm.require();
        portBase = LocalCluster.freePortBase(3);
        Path kept = Files.createDirectories(folder.resolve("kept"));
        cluster = new LocalCluster(kept);
        for (int n = 1; n <= 3; n++) {
            cluster.add(n, portBase);
        }
        demo = Cli.finish(
                Cli.command(List.of(), "demo", "--keep", "--folder", kept.toString(), "--port-base", "" + portBase),
                Map.of(),
                DEMO_TIMEOUT_S);
        System.out.println(demo.out());
    }

    @AfterAll
    static void endTheDemo() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    @Order(1)
    void theDemoEndsWellAndEveryClaimHolds() throws IOException {
        assertEquals(0, demo.code(), demo::toString);
        assertEquals("", demo.err(), "nothing to complain about");
        assertEquals(
                CLAIMS + CLAIMS_OF_LINUX,
                demo.out().lines().filter(l -> l.startsWith("ok ")).count(),
                demo::out);
        assertTrue(demo.out().contains("downtime as the guest saw it"), demo::out);
        expected = Expectation.read(cluster.folder().resolve("expect.json"));
        from = cluster.member(expected.migratedFrom());
        restarted = cluster.member(expected.restarted());
        dead = cluster.member(expected.dead());
        assertEquals(6, expected.running().size() + expected.lost().size());
        assertFalse(expected.lost().isEmpty());
        assertFails(Set.of());
    }

    @Test
    @Order(2)
    void aSecondNodeProcessIsSeen() throws IOException {
        Process second = LookAlikeWorker.startNode(from.data());
        try {
            LocalCluster.await(
                    "it is there",
                    TIMEOUT_MS,
                    () -> LocalCluster.nodeProcesses(from).size() == 2);
            assertFails(Set.of(NODE_PROCESSES));
        } finally {
            second.descendants().forEach(ProcessHandle::destroyForcibly);
            second.destroyForcibly();
        }
    }

    @Test
    @Order(2)
    void aHostWithoutItsShareOfChunksIsSeen() throws IOException {
        Path segments = dead.data().resolve("segments");
        Path away = dead.data().resolve("segments-away");
        Files.move(segments, away);
        try {
            assertFails(Set.of(SPREAD));
        } finally {
            Files.move(away, segments);
        }
    }

    @Test
    @Order(2)
    void anotherImageThanTheGuestsReadIsSeen() throws IOException {
        Path image = folder.resolve("image-copy");
        Files.copy(Path.of(expected.image()), image);
        try (RandomAccessFile copy = new RandomAccessFile(image.toFile(), "rw")) {
            copy.seek(copy.length() / 2);
            int was = copy.read();
            copy.seek(copy.length() / 2);
            copy.write(was ^ 1);
        }
        assertEquals(Set.of(DIGESTS), failed(new Checker(withImage(image), cluster.client(restarted))));
        Files.delete(image);
    }

    @Test
    @Order(2)
    void aGuestThatReadAnotherDiskIsSeen() throws IOException {
        try (InPlace log = new InPlace(from.serialLog(vmOn(from)))) {
            log.replaceFirst("disk sha256=[0-9a-f]{8}", "disk sha256=00000000");
            assertFails(Set.of(DIGESTS));
        }
    }

    @Test
    @Order(2)
    void aSecondGuestOfAVmIsSeen() throws IOException {
        Process second = LookAlikeWorker.start(vmOn(from), restarted.data());
        try {
            assertFails(Set.of(RUNS_ONCE));
        } finally {
            second.destroyForcibly();
        }
    }

    @Test
    @Order(2)
    void aGuestThatStandsStillIsSeen() throws IOException, InterruptedException {
        List<ProcessTable.Found> workers = LocalCluster.workerProcesses(from);
        String vm = vmOn(from);
        for (ProcessTable.Found worker : workers) {
            signal("-STOP", worker.pid());
        }
        try {
            assertFails(Set.of(HEARTBEATS));
        } finally {
            for (ProcessTable.Found worker : workers) {
                signal("-CONT", worker.pid());
            }
        }
        long beat = GuestLog.read(from.serialLog(vm)).last().orElseThrow().n();
        LocalCluster.await(
                "it goes on",
                TIMEOUT_MS,
                () -> GuestLog.read(from.serialLog(vm)).last().orElseThrow().n() > beat);
    }

    @Test
    @Order(2)
    void aGuestThatComplainsIsSeen() throws IOException {
        try (InPlace log = new InPlace(from.serialLog(vmOn(from)))) {
            log.replaceFirst("^ready$", "error");
            assertFails(Set.of(CHECKS));
        }
    }

    @Test
    @Order(2)
    void aMissingHeartbeatOfTheMigratedGuestIsSeen() throws IOException {
        long n = expected.heartbeatBeforeMigration() + 1;
        try (InPlace log = new InPlace(restarted.serialLog(expected.migrated()))) {
            log.replaceFirst("^hb n=" + n + " ", "xx n=" + n + " ");
            assertFails(Set.of(WENT_ON));
        }
    }

    @Test
    @Order(2)
    void aVmThatIsLeftBehindOnTheSourceIsSeen() throws IOException {
        Path left = Files.createDirectories(from.data().resolve("vms").resolve(expected.migrated()));
        try {
            assertFails(Set.of(SOURCE_CLEAN));
        } finally {
            Files.delete(left);
        }
    }

    @Test
    @Order(2)
    void aGuestThatStoodStillWithItsNodeIsSeen() throws IOException {
        String vm = expected.heartbeatsBeforeNodeKill().keySet().stream()
                .filter(v -> !v.equals(expected.migrated()))
                .findFirst()
                .orElseThrow();
        try (InPlace log = new InPlace(restarted.serialLog(vm))) {
            for (long n = expected.heartbeatsBeforeNodeKill().get(vm) + 1;
                    n <= expected.heartbeatsAtNodeReturn().get(vm);
                    n++) {
                log.replaceFirst("^hb n=" + n + " ", "xx n=" + n + " ");
            }
            assertFails(Set.of(OUTLIVED));
        }
    }

    @Test
    @Order(2)
    void aVmThatTheRestartedNodeDoesNotShowIsSeen() throws IOException {
        try (LyingApi api =
                new LyingApi(cluster.client(restarted), vmOn(restarted), vm -> vm.put("state", "unknown"))) {
            assertEquals(Set.of(TAKEN_UP), failed(new Checker(expected, api.client())));
        }
    }

    @Test
    @Order(2)
    void aLostVmThatIsShownAsRunningIsSeen() throws IOException {
        String vm = expected.lost().keySet().iterator().next();
        try (LyingApi api = new LyingApi(cluster.client(restarted), vm, v -> v.put("state", "running"))) {
            assertEquals(Set.of(LOST_SHOWN), failed(new Checker(expected, api.client())));
        }
    }

    @Test
    @Order(2)
    void aGuestOfTheKilledHostThatRunsIsSeen() throws IOException {
        Process ghost =
                LookAlikeWorker.start(expected.lost().keySet().iterator().next(), dead.data());
        try {
            assertFails(Set.of(LOST_GONE));
        } finally {
            ghost.destroyForcibly();
        }
    }

    @Test
    @Order(3)
    void spoiltMemoryIsFoundByTheGuest() throws IOException {
        String vm = vmOn(from);
        int pid = LocalCluster.workerProcesses(from).get(0).pid();
        assertTrue(GuestMemory.spoil(pid, 128 * MIB, 8 * MIB, 40 * MIB) >= 1, "the guest's RAM was found");
        LocalCluster.await(vm + " complains", TIMEOUT_MS, () -> !GuestLog.read(from.serialLog(vm))
                .complaints()
                .isEmpty());
        assertFails(Set.of(CHECKS));
    }

    @Test
    @Order(4)
    void aDiskThatIsNotWhatTheMigratedGuestWroteIsFoundByIt() throws IOException {
        Path delta =
                restarted.data().resolve("vms").resolve(expected.migrated()).resolve("disk-0.delta");
        try (RandomAccessFile file = new RandomAccessFile(delta.toFile(), "rw")) {
            byte[] noise = new byte[(int) (file.length() / 2)];
            new java.util.Random(1).nextBytes(noise);
            file.seek(file.length() - noise.length);
            file.write(noise);
        }
        LocalCluster.await("it complains", TIMEOUT_MS, () -> GuestLog.read(restarted.serialLog(expected.migrated()))
                .last()
                .map(h -> h.errors() > 0)
                .orElse(false));
        assertFails(Set.of(CHECKS, DISK_KEPT));
    }

    @Test
    @Order(5)
    void aKilledWorkerIsSeenInAllThatItTakes() {
        LocalCluster.workerProcesses(restarted)
                .forEach(w -> ProcessHandle.of(w.pid()).ifPresent(ProcessHandle::destroyForcibly));
        LocalCluster.await("it is gone", TIMEOUT_MS, () -> LocalCluster.workerProcesses(restarted)
                .isEmpty());
        assertFails(Set.of(RUNS_ONCE, HEARTBEATS, CHECKS, DISK_KEPT, TAKEN_UP));
    }

    @Test
    @Order(6)
    void aDemoThatIsInterruptedLeavesNothing() throws IOException, InterruptedException {
        cluster.close();
        Path gone = folder.resolve("interrupted");
        Process running = new ProcessBuilder(Cli.command(
                        List.of(),
                        "demo",
                        "--folder",
                        gone.toString(),
                        "--port-base",
                        "" + LocalCluster.freePortBase(3)))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("interrupted.log").toFile())
                .start();
        try {
            LocalCluster.await(
                    "three nodes run",
                    TIMEOUT_MS * 2,
                    () -> ProcessTable.of("dev.stardust.ops.node.NodeMain", gone)
                                    .size()
                            == 3);
            // TERM runs the same hook as Ctrl-C; INT is ignored by what a shell started in the background.
            signal("-TERM", (int) running.pid());
            assertTrue(running.waitFor(TIMEOUT_MS, TimeUnit.MILLISECONDS), "it ends");
            assertEquals(List.of(), ProcessTable.of("dev.stardust.ops.node.NodeMain", gone));
            assertEquals(List.of(), ProcessTable.of("dev.stardust.ops.node.WorkerMain", gone));
            assertFalse(Files.exists(gone), "its folder is left");
        } finally {
            running.destroyForcibly();
            ProcessTable.of("dev.stardust.ops.node.NodeMain", gone)
                    .forEach(p -> ProcessHandle.of(p.pid()).ifPresent(ProcessHandle::destroyForcibly));
        }
    }

    private static void assertFails(Set<String> claims) {
        assertNotNull(expected, "the demo has not come to its end");
        assertEquals(new TreeSet<>(claims), failed(new Checker(expected, cluster.client(restarted))));
    }

    /** The claims that failed, by the names of this class; one without a name stands with its text. */
    private static Set<String> failed(Checker checker) {
        List<String> names = List.of(
                NODE_PROCESSES,
                SPREAD,
                DIGESTS,
                RUNS_ONCE,
                HEARTBEATS,
                CHECKS,
                WENT_ON,
                DISK_KEPT,
                SOURCE_CLEAN,
                OUTLIVED,
                TAKEN_UP,
                LOST_GONE,
                LOST_SHOWN);
        List<Claim> claims = checker.check();
        assertEquals(CLAIMS, claims.size());
        Set<String> failed = new TreeSet<>();
        for (Claim claim : claims) {
            if (!claim.ok()) {
                System.out.println("FAILED " + claim.text() + " (" + claim.detail() + ")");
                failed.add(names.stream()
                        .filter(claim.text()::startsWith)
                        .findFirst()
                        .orElse(claim.text()));
            }
        }
        return failed;
    }

    private static String vmOn(Member host) {
        return expected.running().entrySet().stream()
                .filter(e -> e.getValue().equals(host.name()) && !e.getKey().equals(expected.migrated()))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no VM on " + host.name()));
    }

    private static Expectation withImage(Path image) {
        return new Expectation(
                image.toString(),
                expected.nodes(),
                expected.segmentBytesAtImport(),
                expected.running(),
                expected.lost(),
                expected.dead(),
                expected.restarted(),
                expected.migrated(),
                expected.migratedFrom(),
                expected.heartbeatBeforeMigration(),
                expected.diskCheckedBeforeMigration(),
                expected.heartbeatsBeforeNodeKill(),
                expected.heartbeatsAtNodeReturn());
    }

    private static void signal(String name, int pid) throws IOException, InterruptedException {
        Cli.finish(List.of("kill", name, Integer.toString(pid)), Map.of(), 10).ok();
    }
}
