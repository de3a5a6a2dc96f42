package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.Cli.Answer;
import dev.stardust.chaos.fault.TestCluster;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a user gets wrong: a message that says what to do, an exit code of its kind, nothing half-made left. */
@Tag("kvm")
class BadInputTest {
    private static final int USAGE = 2;
    private static final int NOT_FOUND = 3;
    private static final int CONFLICT = 4;
    private static final int TIMEOUT_MS = 60_000;
    private static final int REFUSED = 6;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static TestCluster cluster;
    private static Member node;
    private static Cli cli;
    private static JsonNode imagesAtFirst;

    @BeforeAll
    static void startNode() throws IOException {
        Kvm.require();
        cluster = TestCluster.start(folder, 1, 5);
        node = cluster.members().get(0);
        cli = Cli.of(cluster.nodes(), node);
        imagesAtFirst = cluster.api().get("/images");
    }

    @AfterAll
    static void endNode() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @AfterEach
    void nothingHalfMadeIsLeft() throws IOException {
        assertEquals(0, cluster.api().get("/vms").size(), "VMs");
        assertEquals(imagesAtFirst, cluster.api().get("/images"), "images");
        Path vms = node.data().resolve("vms");
        if (Files.exists(vms)) {
            try (var left = Files.list(vms)) {
                assertEquals(List.of(), left.toList(), "folders of VMs");
            }
        }
    }

    @Test
    void anUnknownFieldIsToldWithFileLineFieldAndTheNearestKnown() throws IOException, InterruptedException {
        Path file = spec(
                """
                name: bad
                vms:
                  - name: web
                    memry: 64MiB
                    image: small
                """);
        for (String command : List.of("validate", "deploy")) {
            cli.run(command, file.toString()).refused(USAGE, file + ":4:", "vms[0].memry", "memory");
        }
    }

    @Test
    void malformedFieldsAreAllToldAtOnce() throws IOException, InterruptedException {
        Path file = spec(
                """
                name: Bad Name
                vms:
                  - name: web
                    count: many
                    memory: 64 bananas
                    image: small
                """);
        cli.run("deploy", file.toString())
                .refused(USAGE, file + ":1:", "name", file + ":4:", "vms[0].count", file + ":5:", "vms[0].memory");
        cli.run("deploy", spec("name: [").toString()).refused(USAGE, "spec.yaml:");
        cli.run("deploy", spec("").toString()).refused(USAGE, "spec.yaml");
        cli.run("deploy", folder.resolve("absent.yaml").toString()).refused(NOT_FOUND, "absent.yaml");
    }

    @Test
    void whatIsMissingIsNamed() throws IOException, InterruptedException {
        Path file = spec(
                """
                name: bad
                vms:
                  - name: web
                    memory: 64MiB
                    image: smal
                """);
        cli.run("validate", file.toString()).refused(NOT_FOUND, "smal", "small");
        cli.run("deploy", file.toString()).refused(NOT_FOUND, "smal", "small");
        cli.run("run", "--name", "x", "--image", "absent").refused(NOT_FOUND, "absent", "small");
        cli.run("run", "--name", "x", "--base", "absent").refused(NOT_FOUND, "absent");
        cli.run("run", "--name", "x", "--host", "absent").refused(NOT_FOUND, "absent", "stardust node ls");
        cli.run("image", "import", folder.resolve("absent.raw").toString()).refused(NOT_FOUND, "absent.raw");
        for (String verb : List.of("inspect", "logs", "stop", "start", "rm")) {
            cli.run(verb, "absent").refused(NOT_FOUND, "no VM absent", "stardust ps");
        }
        cli.run("migrate", "absent", "--to", "node-1").refused(NOT_FOUND, "no VM absent");
    }

    @Test
    void aMissingKernelLeavesNoVm() throws IOException, InterruptedException {
        Answer answer = cli.run("run", "--name", "x", "--memory", "32MiB", "--kernel", "/absent/vmlinux");
        assertTrue(answer.code() != 0 && answer.err().contains("/absent/vmlinux"), answer::toString);
        removeIfShown("x");
    }

    @Test
    void aHostThatIsAbsentCannotBeMigratedTo() throws IOException, InterruptedException {
        cli.run("run", "--name", "stays", "--memory", "32MiB").ok();
        cli.run("migrate", "stays", "--to", "absent").refused(NOT_FOUND, "no host absent", "stardust node ls");
        cli.run("migrate", "stays", "--to", "node-1").refused(CONFLICT, "on node-1 already");
        assertEquals("running", cluster.vm(node, "stays").path("state").asText());
        cli.run("rm", "--force", "stays").ok();
    }

    @Test
    void tooLittleMemoryIsToldWithTheFiguresOfEachHost() throws IOException, InterruptedException {
        Path file = spec(
                """
                name: big
                vms:
                  - name: web
                    count: 3
                    memory: 2048MiB
                """);
        cli.run("deploy", file.toString()).refused(REFUSED, "node-1", "4096", "2048 MiB needed");
    }

    @Test
    void wrongUseOfTheCommandLineIsExplained() throws IOException, InterruptedException {
        cli.run("ps", "--nod", "x").refused(USAGE, "--nod", "try: stardust ps --help");
        cli.run("pss").refused(USAGE, "pss");
        cli.run("migrate", "x").refused(USAGE, "--to");
        cli.run("ps", "--node", "nowhere").refused(USAGE, "HOST:PORT");
        cli.run("run", "--name", "BAD").refused(USAGE, "BAD");
    }

    @Test
    void aNodeThatDoesNotAnswerIsTold() throws IOException, InterruptedException {
        cli.run("ps", "--node", "127.0.0.1:1")
                .refused(REFUSED, "no node answers at 127.0.0.1:1", "stardust node start");
        cli.run("ps", "--node", "absent.invalid:7700").refused(REFUSED, "absent.invalid", "--node");
    }

    @Test
    void aWrongTokenIsRefused() throws IOException, InterruptedException {
        Path wrong = folder.resolve("wrong-token");
        Files.writeString(wrong, "0000");
        cli.run("ps", "--token-file", wrong.toString()).refused(REFUSED, "API token", "--token-file");
        cli.run("ps", "--token-file", folder.resolve("no-such").toString()).refused(REFUSED, "API token");
    }

    @Test
    void aNodeRefusesAPortOrAFolderThatIsInUse() throws IOException, InterruptedException {
        Path other = folder.resolve("other");
        start(other, node.portBase()).refused(REFUSED, Integer.toString(node.portBase()), "--port-base");
        start(node.data(), LocalCluster.freePortBase(1))
                .refused(CONFLICT, node.data().toString(), "--data");
    }

    @Test
    void aNodeRefusesADataFolderOfANewerVersionAndLeavesItAlone() throws IOException, InterruptedException {
        Path newer = Files.createDirectories(folder.resolve("newer"));
        String text =
                Files.readString(node.data().resolve("id.json")).replaceFirst("stardust-node 1 ", "stardust-node 2 ");
        Files.writeString(newer.resolve("id.json"), text);
        start(newer, LocalCluster.freePortBase(1)).refused(REFUSED, "id.json", "version 2", "newer stardust");
        assertEquals(text, Files.readString(newer.resolve("id.json")));
        Path damaged = Files.createDirectories(folder.resolve("damaged"));
        Files.writeString(
                damaged.resolve("id.json"),
                text.replaceFirst("stardust-node 2 ", "stardust-node 1 ").replace("node-1", "node-2"));
        start(damaged, LocalCluster.freePortBase(1)).refused(REFUSED, "id.json is damaged", "backup");
    }

    @Test
    void aNodeRefusesWrongSettings() throws IOException, InterruptedException {
        cli.run("node", "start", "--data", folder.resolve("s").toString(), "--name", "Bad Name")
                .refused(USAGE, "--name");
        cli.run("node", "start", "--data", folder.resolve("s").toString(), "--port-base", "70000")
                .refused(USAGE, "--port-base");
        cli.run("node", "start", "--data", folder.resolve("s").toString(), "--bind", "0.0.0.0")
                .refused(REFUSED, "--insecure");
    }

    @Test
    void theCommandToMendKvmIsToldBeforeAnythingIsInstalled() throws IOException, InterruptedException {
        Files.setPosixFilePermissions(folder, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        Path device = Files.createFile(folder.resolve("kvm"));
        Files.setPosixFilePermissions(device, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
        preflight(device).refused(REFUSED, device + " may not be opened", "usermod -aG", "chmod 666 " + device);
        preflight(folder.resolve("absent-kvm")).refused(REFUSED, "absent-kvm is missing", "modprobe");
    }

    @Test
    void aFullDiskFailsTheImportAndLeavesNoImage() throws IOException, InterruptedException {
        assertEquals("root", System.getProperty("user.name"), "this test mounts a small tmpfs: run it as root");
        Path small = Files.createDirectories(folder.resolve("small-disk"));
        run(List.of("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", small.toString()));
        try (LocalCluster full = new LocalCluster(small)) {
            Member member = full.add(1, LocalCluster.freePortBase(1));
            full.form(TIMEOUT_MS);
            Path big = folder.resolve("big.raw");
            byte[] bytes = new byte[192 << 20];
            new java.util.Random(1).nextBytes(bytes);
            Files.write(big, bytes);
            Cli there = Cli.of(full, member);
            there.run("image", "import", big.toString()).refused(REFUSED, "segments", "is full: free some space");
            assertEquals(0, full.client(member).get("/images").size());
        } finally {
            run(List.of("umount", "-l", small.toString()));
        }
    }

    private static Answer preflight(Path device) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        }
        // The script alone: the source tree need not be readable for the other user, so it comes by standard text.
        String script = Files.readString(Cli.home().resolve("scripts/preflight.sh"));
        command.addAll(List.of("bash", "-c", "root=/tmp\n" + script + "\npreflight test; echo went on"));
        Answer answer = Cli.finish(command, Map.of("STARDUST_KVM_DEVICE", device.toString()), 30);
        assertFalse(answer.out().contains("went on"), answer::toString);
        return answer;
    }

    private static Answer start(Path data, int portBase) throws IOException, InterruptedException {
        return cli.run(
                "node",
                "start",
                "--data",
                data.toString(),
                "--name",
                "other",
                "--port-base",
                Integer.toString(portBase),
                "--token-file",
                cluster.nodes().tokenFile().toString());
    }

    /** A VM that failed to start may be shown as failed, with the reason; it must be removable. */
    private static void removeIfShown(String vm) throws IOException, InterruptedException {
        if (cluster.api().get("/vms").size() > 0) {
            assertEquals("failed", cluster.vm(node, vm).path("state").asText());
            cli.run("rm", vm).ok();
        }
    }

    private static Path spec(String text) throws IOException {
        return Files.writeString(folder.resolve("spec.yaml"), text);
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Cli.finish(command, Map.of(), 30).ok();
    }
}
