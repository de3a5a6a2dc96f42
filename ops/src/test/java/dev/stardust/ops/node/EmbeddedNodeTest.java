package dev.stardust.ops.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.ops.api.ImageRequest;
import dev.stardust.ops.api.Job;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.GuestLog.Heartbeat;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two whole nodes in one JVM, workers and all. */
@Tag("kvm")
class EmbeddedNodeTest {
    private static final int LIMIT_S = 60;
    private static final int PORTS = 4;

    @TempDir
    static Path folder;

    @Test
    void aBusyGuestMovesFromOneToTheOther() throws Exception {
        Path image = folder.resolve("disk.raw");
        byte[] content = new byte[2 << 20];
        new Random(5).nextBytes(content);
        Files.write(image, content);
        try (EmbeddedNode one = start("one");
                EmbeddedNode two = start("two")) {
            await(one.operations().init());
            await(two.join(one));
            await(one.operations().importImage(ImageRequest.of("disk", image), new Job("import")));
            await(one.operations().run(vm()));
            beatsAfter("one", 3);
            JsonNode moved = await(one.operations().migrate("busy", "two", new Job("move")));
            assertTrue(moved.path("rounds").size() >= 2, moved::toString);
            List<Heartbeat> beats = beatsAfter("two", beats("two").size() + 4);
            for (int i = 0; i < beats.size(); i++) {
                assertEquals(i + 1, beats.get(i).n());
                assertEquals(0, beats.get(i).errors(), beats::toString);
            }
            assertTrue(beats.get(beats.size() - 1).diskChecked() > 0, beats::toString);
            JsonNode now = await(two.operations().vm("busy"));
            assertEquals("two", now.path("host").asText(), now::toString);
            assertEquals(2, now.path("epoch").asInt(), now::toString);
            assertEquals(ProcessHandle.current().pid(), now.path("workerPid").asLong(), now::toString);
        }
    }

    private static EmbeddedNode start(String name) throws IOException {
        return EmbeddedNode.start(
                "--data",
                folder.resolve(name).toString(),
                "--name",
                name,
                "--port-base",
                Integer.toString(freePorts()));
    }

    /** The first of some ports in a row of which the first was free just now. */
    private static int freePorts() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return Math.min(free.getLocalPort(), 65_535 - PORTS);
        }
    }

    private static ObjectNode vm() {
        ObjectNode vm = JsonNodeFactory.instance
                .objectNode()
                .put("name", "busy")
                .put("memory", "32MiB")
                .put("host", "one")
                .put("args", "ws_mib=4 rate_mibs=8 hb_ms=100 disk_kibs=256 disk_ws_mib=1");
        vm.putArray("disks").addObject().put("image", "disk");
        return vm;
    }

    private static List<Heartbeat> beats(String node) {
        return GuestLog.read(folder.resolve(node).resolve("vms/busy/serial.log"))
                .heartbeats();
    }

    private static List<Heartbeat> beatsAfter(String node, int atLeast) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (beats(node).size() < atLeast) {
            assertTrue(System.nanoTime() < end, "heartbeat " + atLeast + " on node " + node);
            Thread.sleep(20);
        }
        return beats(node);
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
    }
}
