package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.check.GuestWatch;
import dev.stardust.chaos.check.VcpuThread;
import dev.stardust.chaos.fault.TestCluster;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Workers and nodes of one host die apart from each other. */
@Tag("kvm")
class WorkerKillTest {
    private static final String GUEST = "fill_mib=8 ws_mib=4 rate_mibs=8 disk_kibs=128 disk_ws_mib=1 hb_ms=250";
    private static final int TIMEOUT_MS = 30_000;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static TestCluster cluster;
    private static Member host;

    @BeforeAll
    static void startCluster() throws IOException {
        Kvm.require();
        cluster = TestCluster.start(folder, 1, 7);
        host = cluster.members().get(0);
    }

    @AfterAll
    static void endCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void aKilledWorkerTakesItsVmsOnlyAndEachIsShownWithTheReason() throws IOException {
        deploy(
                """
                name: apart
                vms:
                  - name: shared
                    count: 2
                    memory: 64MiB
                    disks: [{image: small}]
                    args: %s
                  - name: strict
                    memory: 64MiB
                    isolation: strict
                    disks: [{image: small}]
                    args: %s
                """
                        .formatted(GUEST, GUEST));
        int strictWorker = cluster.vm(host, "strict").path("workerPid").asInt();
        int sharedWorker = cluster.vm(host, "shared-1").path("workerPid").asInt();
        assertEquals(
                sharedWorker, cluster.vm(host, "shared-2").path("workerPid").asInt());
        assertTrue(strictWorker != sharedWorker, "a strict VM has a worker of its own");
        try (GuestWatch strict = new GuestWatch(cluster.nodes(), "strict")) {
            LocalCluster.await("strict works", TIMEOUT_MS, () -> strict.lastHeartbeat() > 2);
            assertTrue(ProcessHandle.of(sharedWorker).orElseThrow().destroyForcibly());
            for (String vm : List.of("shared-1", "shared-2")) {
                LocalCluster.await(
                        vm + " is failed", TIMEOUT_MS, () -> state(vm).equals("failed"));
                JsonNode shown = cluster.vm(host, vm);
                assertTrue(shown.path("reason").asText().contains("worker"), shown::toString);
                assertEquals(List.of(), VcpuThread.of(cluster.nodes(), vm));
            }
            long beat = strict.lastHeartbeat();
            LocalCluster.await("strict goes on", TIMEOUT_MS, () -> strict.lastHeartbeat() > beat + 4);
            assertEquals("running", state("strict"));
            assertEquals(List.of(), strict.wrong());
        }
        // What failed can be started again on what it had written.
        cluster.api().post("/vms/shared-1/start", java.util.Map.of());
        assertEquals("running", state("shared-1"));
        for (String vm : List.of("shared-1", "shared-2", "strict")) {
            cluster.api().delete("/vms/" + vm + "?force=true");
        }
    }

    @Test
    void aNodeStartedAgainTakesItsRunningVmsUp() throws IOException, InterruptedException {
        cluster.run("lasting", host, 64, GUEST);
        List<VcpuThread> before = VcpuThread.of(cluster.nodes(), "lasting");
        assertEquals(1, before.size());
        try (GuestWatch watch = new GuestWatch(cluster.nodes(), "lasting")) {
            LocalCluster.killNode(host);
            long beat = watch.lastHeartbeat();
            LocalCluster.await(
                    "the guest goes on without its node", TIMEOUT_MS, () -> watch.lastHeartbeat() > beat + 4);
            assertTrue(LocalCluster.nodeProcesses(host).isEmpty());
            cluster.nodes().start(host);
            cluster.nodes().awaitState(host, "member", TIMEOUT_MS * 2);
            LocalCluster.await(
                    "it is running again", TIMEOUT_MS, () -> state("lasting").equals("running"));
            long later = watch.lastHeartbeat();
            LocalCluster.await("the guest goes on", TIMEOUT_MS, () -> watch.lastHeartbeat() > later + 2);
            assertEquals(before, VcpuThread.of(cluster.nodes(), "lasting"), "the same thread of the same worker");
            // The node has it in hand again: it can end it, and the worker obeys.
            cluster.api().post("/vms/lasting/stop", java.util.Map.of());
            assertEquals("stopped", state("lasting"));
            assertTrue(VcpuThread.of(cluster.nodes(), "lasting").isEmpty());
            watch.finish();
            assertEquals(List.of(), watch.wrong());
        }
        cluster.api().delete("/vms/lasting?force=true");
        assertFalse(java.nio.file.Files.exists(host.serialLog("lasting")));
    }

    private static String state(String vm) {
        return cluster.vm(host, vm).path("state").asText();
    }

    private static void deploy(String yaml) {
        JsonNode job =
                cluster.api().postText("/deployments", yaml, java.util.Map.of("Content-Type", "application/yaml"));
        Jobs.await(cluster.api(), job, "deploy", state -> {});
    }
}
