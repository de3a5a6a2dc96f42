package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.Cli.Answer;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
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

/** A user's way through all commands on one node, in order. */
@Tag("kvm")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CliTest {
    private static final int TIMEOUT_MS = 60_000;
    private static final int NOT_FOUND = 3;
    private static final int CONFLICT = 4;
    private static final int REFUSED = 6;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static LocalCluster nodes;
    private static Member node;
    private static Process started;
    private static Cli cli;
    private static Path image;

    @BeforeAll
    static void makeImage() throws IOException {
        Kvm.require();
        nodes = new LocalCluster(folder);
        node = nodes.add(1, LocalCluster.freePortBase(1));
        cli = Cli.of(nodes, node);
        image = folder.resolve("tiny.raw");
        byte[] bytes = new byte[8 << 20];
        new Random(3).nextBytes(bytes);
        Files.write(image, bytes);
    }

    @AfterAll
    static void endNode() {
        if (started != null) {
            started.destroyForcibly();
        }
        if (nodes != null) {
            nodes.close();
        }
    }

    @Test
    @Order(1)
    void nodeStartRunsAStandbyNodeThatInitMakesACluster() throws IOException, InterruptedException {
        List<String> command = Cli.command(
                List.of(),
                "node",
                "start",
                "--data",
                node.data().toString(),
                "--name",
                node.name(),
                "--port-base",
                Integer.toString(node.portBase()),
                "--memory-mib",
                "1024",
                "--token-file",
                nodes.tokenFile().toString());
        started = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("node.log").toFile())
                .start();
        nodes.awaitState(node, "standby", TIMEOUT_MS);
        cli.run("ps").refused(REFUSED, "in no cluster", "stardust cluster init");
        String made = cli.run("cluster", "init").ok().out();
        assertTrue(made.matches("(?s)cluster [0-9a-f-]{36} made.*stardust cluster join.*"), made);
        cli.run("cluster", "init").refused(CONFLICT, "belongs to cluster");
        nodes.awaitState(node, "member", TIMEOUT_MS);
    }

    @Test
    @Order(2)
    void clusterStatusAndNodeLsShowTheOneHost() throws IOException, InterruptedException {
        LocalCluster.await("the host is alive", TIMEOUT_MS, () -> nodes.client(node)
                .get("/nodes")
                .path(0)
                .path("state")
                .asText()
                .equals("alive"));
        Answer status = cli.run("cluster", "status").ok();
        assertTrue(status.out().contains("1 alive of 1"), status::toString);
        assertTrue(status.out().contains("leader    node-1"), status::toString);
        JsonNode json = cli.run("cluster", "status", "-o", "json").json();
        assertEquals(1, json.path("alive").asInt());
        String[] table = cli.run("node", "ls").ok().out().split("\n");
        assertEquals(2, table.length);
        assertTrue(table[0].startsWith("NAME"), table[0]);
        assertTrue(table[1].startsWith("node-1   alive"), table[1]);
        assertEquals("node-1\n", cli.run("node", "ls", "-q").ok().out());
        assertEquals(
                1024,
                cli.run("node", "ls", "-o", "json")
                        .json()
                        .path(0)
                        .path("memoryMib")
                        .asInt());
    }

    @Test
    @Order(3)
    void imageImportTellsTheDigestAndLsListsIt() throws Exception {
        String wanted = HexFormat.of()
                .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(image)));
        Answer imported = cli.run("image", "import", image.toString()).ok();
        assertTrue(imported.out().startsWith("tiny: 8.0 MiB"), imported::toString);
        assertTrue(imported.out().contains(wanted), imported::toString);
        cli.run("image", "import", image.toString()).refused(CONFLICT, "tiny", "--name");
        JsonNode again = cli.run("image", "import", "--name", "again", "-o", "json", image.toString())
                .json();
        assertEquals(0, again.path("newChunks").asInt(), "every chunk was there already");
        assertEquals("again\ntiny\n", cli.run("image", "ls", "-q").ok().out());
        Path tree = Files.createDirectory(folder.resolve("tree"));
        Files.writeString(tree.resolve("hello"), "hello");
        Path tar = folder.resolve("tree.tar");
        External.run(60, List.of("tar", "-cf", tar.toString(), "-C", tree.toString(), "."));
        Path cow = folder.resolve("cow.qcow2");
        External.run(60, List.of("qemu-img", "convert", "-O", "qcow2", image.toString(), cow.toString()));
        cli.run("image", "import", "--name", "zz-tar", tar.toString()).ok();
        cli.run("image", "import", "--name", "zz-folder", tree.toString()).ok();
        assertTrue(cli.run("image", "import", "--name", "zz-cow", cow.toString())
                .ok()
                .out()
                .contains(wanted));
        assertEquals(
                wanted,
                cli.run("image", "ls", "-o", "json")
                        .json()
                        .path(1)
                        .path("sha256")
                        .asText());
    }

    @Test
    @Order(4)
    void validateChangesNothingAndDeployStartsAll() throws IOException, InterruptedException {
        Path file = folder.resolve("two.yaml");
        Files.writeString(
                file,
                """
                name: two
                vms:
                  - name: web
                    count: 2
                    memory: 64MiB
                    image: tiny
                    args: ws_mib=2 disk_kibs=64 disk_ws_mib=1 hb_ms=250
                """);
        assertEquals(file + ": ok\n", cli.run("validate", file.toString()).ok().out());
        assertEquals(0, cli.run("ps", "-o", "json").json().size());
        Answer deployed = cli.run("deploy", file.toString()).ok();
        assertTrue(
                deployed.out().matches("(?s)NAME +STATE.*web-1 +running +node-1 .*web-2 +running +node-1 .*"),
                deployed::toString);
        cli.run("deploy", file.toString()).refused(CONFLICT, "web-1", "stardust rm");
        assertEquals(2, cli.run("ps", "-o", "json").json().size());
    }

    @Test
    @Order(5)
    void runPsInspectAndLogsShowAVm() throws IOException, InterruptedException {
        cli.run("run", "--name", "solo", "--memory", "32MiB", "--image", "tiny", "--args", "hb_ms=250 disk_kibs=64")
                .ok();
        String ps = cli.run("ps").ok().out();
        assertTrue(ps.matches("(?s)NAME +STATE +HOST +EPOCH +MEMORY +UPTIME +REASON\n.*"), ps);
        assertTrue(ps.matches("(?s).*\nsolo +running +node-1 +1 +32 MiB.*"), ps);
        assertEquals("solo\nweb-1\nweb-2\n", cli.run("ps", "-q").ok().out());
        String inspected = cli.run("inspect", "solo").ok().out();
        assertTrue(inspected.matches("(?s).*args +hb_ms=250 disk_kibs=64\n.*"), inspected);
        JsonNode json = cli.run("inspect", "solo", "-o", "json").json();
        assertEquals("running", json.path("state").asText());
        LocalCluster.await("it is ready", TIMEOUT_MS, () -> log("solo").contains("\nready\n"));
        assertTrue(log("solo").startsWith("stardust test guest: memory=32MiB"), () -> log("solo"));
        Answer tail = cli.run("logs", "-n", "1", "solo").ok();
        assertEquals(1, tail.out().lines().count(), tail::toString);
        long beatsBefore = log("solo").lines().filter(l -> l.startsWith("hb ")).count();
        Answer followed = cli.run("logs", "-f", "--for", "3", "solo").ok();
        assertTrue(
                followed.out().lines().filter(l -> l.startsWith("hb ")).count() > beatsBefore + 4, followed::toString);
    }

    @Test
    @Order(6)
    void stopStartAndRmGoTheirWays() throws IOException, InterruptedException {
        cli.run("rm", "solo").refused(CONFLICT, "solo", "running", "--force");
        assertEquals("solo\n", cli.run("stop", "solo").ok().out());
        assertEquals("stopped", state("solo"));
        assertEquals("solo\n", cli.run("start", "solo").ok().out());
        assertEquals("running", state("solo"));
        assertEquals("solo\nweb-1\n", cli.run("rm", "-f", "solo", "web-1").ok().out());
        cli.run("inspect", "solo").refused(NOT_FOUND, "no VM solo", "stardust ps");
        assertEquals("web-2\n", cli.run("ps", "-q").ok().out());
        assertFalse(Files.exists(node.serialLog("solo")));
        cli.run("rm", "--force", "web-2").ok();
    }

    @Test
    @Order(7)
    void aVmWhoseGuestEndsByItselfIsShownSo() throws IOException, InterruptedException {
        cli.run("run", "--name", "brief", "--memory", "32MiB", "--args", "run_s=1")
                .ok();
        LocalCluster.await("it has ended", TIMEOUT_MS, () -> nodes.client(node)
                .get("/vms/brief")
                .path("state")
                .asText()
                .equals("ended"));
        assertTrue(log("brief").contains("bye errors=0"), () -> log("brief"));
        cli.run("rm", "brief").ok();
    }

    @Test
    @Order(8)
    void everyCommandHasHelpAndTheCommandLineLoadsNoCluster() throws IOException, InterruptedException {
        for (String command : List.of(
                "demo",
                "node",
                "cluster",
                "image",
                "base",
                "validate",
                "deploy",
                "run",
                "ps",
                "inspect",
                "logs",
                "exec",
                "attach",
                "cp",
                "stop",
                "start",
                "rm",
                "migrate")) {
            Answer help = cli.run(command, "--help").ok();
            assertTrue(help.out().startsWith("Usage: stardust " + command), help::toString);
        }
        Answer loaded = cli.run(List.of("-Xlog:class+load:stdout"), "ps").ok();
        assertTrue(loaded.out().contains("dev.stardust.ops.cli.PsCommand"), "classes are listed");
        for (String slow : List.of("org.apache.pekko.", "org.apache.ratis.", "io.aeron.", "java.net.http.")) {
            assertFalse(loaded.out().contains(slow), () -> "ps loads classes of " + slow);
        }
    }

    @Test
    @Order(9)
    void aNodeToldToEndEndsAndItsVmsLiveOn() throws IOException, InterruptedException {
        cli.run("run", "--name", "lasting", "--memory", "32MiB").ok();
        started.destroy();
        assertTrue(started.waitFor(TIMEOUT_MS, TimeUnit.MILLISECONDS), "node start ends on SIGTERM");
        LocalCluster.await("the node's process is gone", TIMEOUT_MS, () -> LocalCluster.nodeProcesses(node)
                .isEmpty());
        assertEquals(1, LocalCluster.workerProcesses(node).size());
        assertFalse(Files.exists(node.data().resolve("run").resolve("aeron")), "the driver's folder is left behind");
    }

    private static String log(String vm) {
        try {
            return cli.run("logs", vm).ok().out();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String state(String vm) throws IOException, InterruptedException {
        return cli.run("inspect", vm, "-o", "json").json().path("state").asText();
    }
}
