package dev.stardust.chaos.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is killed below a Linux guest, and what is left of it then. */
@Tag("linux-portable")
@Timeout(240)
@ExtendWith(PortableNodes.Pair.class)
class PortableFaultTest {
    private static final int SOON_MS = 10_000;

    private static PortableNodes pair;

    @BeforeAll
    static void nodes(PortableNodes given) {
        pair = given;
    }

    private static void start(String vm, Member host) throws Exception {
        pair.run("-d", "--name", vm, "--host", host.name(), "--memory", "128MiB", "busybox", "sleep", "100000")
                .ok();
        pair.awaitReady(vm);
    }

    private static void awaitFailed(String vm) {
        LocalCluster.await(
                vm + " has failed",
                SOON_MS,
                () -> pair.vm(vm).path("state").asText().equals("failed"));
    }

    @Test
    void aQemuThatIsKilledIsToldWithItsReasonAndItsVmStartsAgain() throws Exception {
        start("victim", pair.first());
        pair.qemu("victim").destroyForcibly();
        awaitFailed("victim");
        JsonNode told = pair.cli().run("inspect", "-o", "json", "victim").json();
        assertTrue(told.path("reason").asText().contains("QEMU"), told::toString);
        assertTrue(told.path("reason").asText().contains("9"), told::toString);
        String listed = pair.cli().run("ps").ok().out();
        assertTrue(listed.lines().anyMatch(line -> line.contains("victim") && line.contains("failed")), listed);
        pair.cli().run("start", "victim").ok();
        pair.awaitReady("victim");
        assertEquals("again\n", pair.shell("victim", "echo again"));
        pair.remove("victim");
    }

    @Test
    void aWorkerThatIsKilledLeavesNoQemu() throws Exception {
        start("orphan", pair.first());
        ProcessHandle qemu = pair.qemu("orphan");
        ProcessHandle.of(pair.vm("orphan").path("workerPid").asLong())
                .orElseThrow()
                .destroyForcibly();
        qemu.onExit().get(SOON_MS, TimeUnit.MILLISECONDS);
        awaitFailed("orphan");
        assertFalse(pair.vm("orphan").path("reason").asText().isEmpty(), "no reason is told");
        pair.remove("orphan");
    }

    @Test
    void aNodeThatWasKilledFindsItsGuestsRunningWhenItIsBack() throws Exception {
        Member host = pair.second();
        start("survivor", host);
        pair.shell("survivor", "echo kept >/tmp/kept");
        long qemu = pair.qemu("survivor").pid();
        LocalCluster.killNode(host);
        assertTrue(ProcessHandle.of(qemu).orElseThrow().isAlive(), "the guest ended with its node");
        pair.nodes().start(host);
        pair.nodes().awaitState(host, "member", PortableNodes.LIMIT_MS);
        pair.awaitState("survivor", "running");
        pair.awaitReady("survivor");
        assertEquals(qemu, pair.qemu("survivor").pid());
        assertEquals("kept\n", pair.shell("survivor", "cat /tmp/kept"));
        pair.remove("survivor");
        assertFalse(ProcessHandle.of(qemu).map(ProcessHandle::isAlive).orElse(false), "QEMU outlived its VM");
    }
}
