package dev.stardust.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stardust.chaos.Cli.Answer;
import dev.stardust.ops.build.CloudKernel;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Kernels and images that start, from the command line to the registry of one node; no VM is run. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ImagesTest {
    private static final int TIMEOUT_MS = 60_000;
    private static final int TOOL_TIMEOUT_S = 60;
    private static final int DISK_BYTES = 64 << 20;
    private static final int NOT_FOUND = 3;
    private static final int CONFLICT = 4;
    private static final int REFUSED = 6;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    static Path folder;

    private static LocalCluster nodes;
    private static Cli cli;
    private static CloudKernel newest;

    @BeforeAll
    static void startCluster() throws IOException, InterruptedException {
        nodes = new LocalCluster(folder);
        Member node = nodes.add(1, LocalCluster.freePortBase(1));
        cli = Cli.of(nodes, node);
        nodes.start(node);
        nodes.awaitState(node, "standby", TIMEOUT_MS);
        cli.run("cluster", "init").ok();
        nodes.awaitState(node, "member", TIMEOUT_MS);
        newest = CloudKernel.newest();
    }

    @AfterAll
    static void endNode() {
        if (nodes != null) {
            nodes.close();
        }
    }

    private static JsonNode named(JsonNode all, String name) {
        return StreamSupport.stream(all.spliterator(), false)
                .filter(each -> each.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + all));
    }

    private static JsonNode boot(String image) throws IOException, InterruptedException {
        return named(cli.run("image", "ls", "-o", "json").json(), image).path("boot");
    }

    @Test
    @Order(1)
    void busyboxIsBuiltAndBringsTheFirstKernelWhichIsTheDefault() throws Exception {
        assertEquals("[ ]\n", cli.run("kernel", "ls", "-o", "json").ok().out());
        Answer built = cli.run("image", "build", "busybox").ok();
        assertTrue(built.out().contains("busybox: starts with debian-cloud, agent\n"), built::toString);
        JsonNode kernel = cli.run("kernel", "ls", "-o", "json").json().path(0);
        assertEquals("debian-cloud", kernel.path("name").asText());
        assertEquals(newest.version(), kernel.path("version").asText());
        assertTrue(kernel.path("default").asBoolean(), kernel::toString);
        assertTrue(kernel.path("modulesBytes").asLong() > 10 << 20, kernel::toString);
        assertTrue(kernel.path("sizeBytes").asLong() > 20 << 20, () -> "a packed kernel is not so large: " + kernel);
        String table = cli.run("kernel", "ls").ok().out();
        assertTrue(
                table.matches("(?s)NAME +VERSION +MODULES +ORIGIN +SHA256 +DEFAULT\ndebian-cloud +6\\S+ +\\S+ MiB"
                        + " +linux-image-\\S+\\.deb +[0-9a-f]{64} +yes\n"),
                table);
        JsonNode boot = boot("busybox");
        assertEquals("debian-cloud", boot.path("kernel").asText());
        assertEquals("/dev/vda", boot.path("root").asText());
        assertEquals("[\"/bin/sh\"]", boot.path("workload").path("command").toString());
        cli.run("image", "build", "busybox").refused(CONFLICT, "there is an image busybox already");
        cli.run("image", "build", "busybox", "--name", "b", "--size", "1MiB").refused(REFUSED, "need a disk of");
        cli.run("kernel", "rm", "debian-cloud").refused(CONFLICT, "busybox");
    }

    @Test
    @Order(6)
    void aToolThatIsMissingIsNamedWithItsPackage() throws Exception {
        Path none = Files.createDirectories(folder.resolve("no-programs"));
        Files.createSymbolicLink(none.resolve("rm"), External.find("rm").orElseThrow());
        List<String> command = Cli.command(List.of(), "image", "build", "debian", "--kernel", "debian-cloud");
        Member node = nodes.members().get(0);
        Map<String, String> environment = Map.of(
                "PATH", none.toString(),
                "XDG_CACHE_HOME", none.toString(),
                "STARDUST_NODE", node.address() + ":" + node.portBase(),
                "STARDUST_TOKEN_FILE", nodes.tokenFile().toString());
        Cli.finish(command, environment, TOOL_TIMEOUT_S)
                .refused(REFUSED, "mmdebstrap is needed", "apt-get install mmdebstrap");
    }

    /** Debian's own kernel in a disk like a cloud's, with as little beside it as there can be. */
    @Test
    @Order(2)
    void aCloudsDiskStartsWithItsOwnKernel() throws Exception {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        External.run(
                TOOL_TIMEOUT_S,
                List.of(
                        "sh",
                        "-c",
                        "dpkg-deb --fsys-tarfile \"$1\" | tar -x -C \"$2\" ./boot",
                        "sh",
                        newest.download().toString(),
                        tree.toString()));
        Files.writeString(tree.resolve("boot/initrd.img-" + newest.version()), "an initrd");
        Files.createDirectories(tree.resolve("etc/default"));
        Files.writeString(tree.resolve("etc/os-release"), "PRETTY_NAME=\"Test\"\n");
        Files.writeString(tree.resolve("etc/default/grub"), "GRUB_CMDLINE_LINUX=\"console=ttyS0 net.ifnames=0\"\n");
        Path raw = disk("cloud.raw", tree, GptDisk.START_BYTE);
        GptDisk.partition(raw);
        Path cow = folder.resolve("cloud.qcow2");
        External.run(TOOL_TIMEOUT_S, List.of("qemu-img", "convert", "-O", "qcow2", raw.toString(), cow.toString()));

        Answer imported = cli.run("image", "import", cow.toString()).ok();
        String start = "own " + newest.version() + " + /sbin/init";
        assertTrue(imported.out().contains("cloud: starts with " + start + "\n"), imported::toString);
        JsonNode boot = boot("cloud");
        assertEquals("PARTUUID=" + GptDisk.PARTITION, boot.path("root").asText());
        assertEquals("ext4", boot.path("rootType").asText());
        assertEquals("net.ifnames=0", boot.path("args").asText());
        assertEquals(9, boot.path("own").path("initrd").path("sizeBytes").asInt());
        JsonNode kernel = named(cli.run("kernel", "ls", "-o", "json").json(), "debian-cloud");
        assertEquals(
                kernel.path("sha256").asText(),
                boot.path("own").path("image").path("sha256").asText(),
                "it is the same kernel, unpacked in the same way");
        String table = cli.run("image", "ls").ok().out();
        assertTrue(table.contains(start), table);
        String inspected = cli.run("image", "inspect", "cloud").ok().out();
        assertTrue(inspected.contains("root        PARTUUID=" + GptDisk.PARTITION + " (ext4)\n"), inspected);
        cli.run("image", "import", "--no-boot", "--name", "plain", raw.toString())
                .ok();
        assertTrue(boot("plain").isMissingNode(), () -> "--no-boot is a disk and no more");
    }

    @Test
    @Order(3)
    void aDiskWithoutAKernelStartsOnlyWhenAsked() throws Exception {
        Path tree = Files.createDirectories(folder.resolve("small/bin"));
        Files.writeString(tree.resolve("sh"), "#!");
        Path raw = disk("small.ext4", tree.getParent(), 0);
        cli.run("image", "import", raw.toString()).ok();
        assertTrue(boot("small").isMissingNode());
        Answer asked = cli.run("image", "import", "--boot", "--name", "asked", raw.toString())
                .ok();
        assertTrue(
                asked.out().contains("starts with default, agent")
                        && asked.out().contains("debian-cloud now"),
                asked::toString);
        cli.run("image", "import", "--name", "chosen", "--kernel", "debian-cloud", "--init", "/bin/sh", raw.toString())
                .ok();
        assertEquals("/bin/sh", boot("chosen").path("init").asText());
        cli.run("image", "import", "--name", "x", "--kernel", "nope", raw.toString())
                .refused(NOT_FOUND, "no kernel nope", "debian-cloud");
        cli.run("image", "import", "--name", "x", "--root", "/dev/vda;reboot", raw.toString())
                .refused(2, "'root'");
        Path empty = folder.resolve("empty.raw");
        try (RandomAccessFile file = new RandomAccessFile(empty.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        cli.run("image", "import", "--name", "x", "--boot", empty.toString()).refused(REFUSED, "--root", "--no-boot");
        List<String> names = cli.run("image", "ls", "-q").ok().out().lines().toList();
        assertTrue(!names.contains("x") && names.contains("chosen"), () -> "what was refused is not there: " + names);
    }

    @Test
    @Order(4)
    void anImageOfAContainerStartsWhatItsConfigurationSays() throws Exception {
        Path root = Files.createDirectories(folder.resolve("layer/bin"));
        Files.writeString(root.resolve("app"), "#!");
        Path tar = folder.resolve("layer.tar");
        External.run(
                TOOL_TIMEOUT_S,
                List.of("tar", "-cf", tar.toString(), "-C", root.getParent().toString(), "."));
        Path layout = layout(
                Map.of(
                        "Entrypoint",
                        List.of("/bin/app"),
                        "Cmd",
                        List.of("--all"),
                        "Env",
                        List.of("A=1"),
                        "User",
                        "7:8"),
                Files.readAllBytes(tar));
        cli.run("image", "import", layout.toString()).ok();
        JsonNode boot = boot("layout");
        assertTrue(boot.path("kernel").isMissingNode(), boot::toString);
        assertEquals("agent", boot.path("init").asText());
        JsonNode workload = boot.path("workload");
        assertEquals("[\"/bin/app\",\"--all\"]", workload.path("command").toString());
        assertEquals("{\"A\":\"1\"}", workload.path("variables").toString());
        assertEquals("7:8", workload.path("user").asText());
        String inspected = cli.run("image", "inspect", "layout").ok().out();
        assertTrue(inspected.contains("command     /bin/app --all\n"), inspected);
        assertTrue(inspected.contains("kernel      the cluster's default one\n"), inspected);
    }

    @Test
    @Order(5)
    void kernelsAreChosenAndRemoved() throws Exception {
        Path packed = folder.resolve("tree/boot/vmlinuz-" + newest.version());
        cli.run("kernel", "import", packed.toString(), "--name", "debian-cloud").refused(CONFLICT, "already");
        cli.run("kernel", "import", folder.resolve("layer.tar").toString()).refused(REFUSED, "no Linux kernel");
        Answer imported =
                cli.run("kernel", "import", "--name", "bare", packed.toString()).ok();
        assertTrue(imported.out().startsWith("bare: Linux " + newest.version()), imported::toString);
        cli.run("kernel", "set-default", "nope").refused(NOT_FOUND, "debian-cloud");
        cli.run("kernel", "set-default", "bare").ok();
        cli.run("kernel", "rm", "bare").refused(CONFLICT, "set-default", "--force");
        assertEquals("bare\n", cli.run("kernel", "rm", "--force", "bare").ok().out());
        JsonNode left = cli.run("kernel", "ls", "-o", "json").json();
        assertEquals(1, left.size());
        assertEquals(false, left.path(0).path("default").asBoolean(), "nobody is the default now");
    }

    /** A disk with an ext4 of a folder from that byte on. */
    private static Path disk(String name, Path tree, int startByte) throws IOException {
        Path raw = folder.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        External.run(
                TOOL_TIMEOUT_S,
                List.of(
                        "/usr/sbin/mke2fs",
                        "-q",
                        "-F",
                        "-t",
                        "ext4",
                        "-E",
                        "offset=" + startByte,
                        "-d",
                        tree.toString(),
                        raw.toString(),
                        (DISK_BYTES >> 20) - 2 + "M"));
        return raw;
    }

    private static Path layout(Map<String, Object> config, byte[] layer) throws Exception {
        Path layout = Files.createDirectory(folder.resolve("layout"));
        Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
        List<Object> layers = new ArrayList<>(List.of(blob(blobs, layer)));
        Object configured = blob(blobs, JSON.writeValueAsBytes(Map.of("config", config)));
        Object manifest =
                blob(blobs, JSON.writeValueAsBytes(Map.of("schemaVersion", 2, "config", configured, "layers", layers)));
        Files.write(
                layout.resolve("index.json"),
                JSON.writeValueAsBytes(Map.of("schemaVersion", 2, "manifests", List.of(manifest))));
        Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        return layout;
    }

    private static Map<String, Object> blob(Path blobs, byte[] bytes) throws Exception {
        String digest =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        Files.write(blobs.resolve(digest), bytes);
        return Map.of("digest", "sha256:" + digest, "size", bytes.length);
    }
}
