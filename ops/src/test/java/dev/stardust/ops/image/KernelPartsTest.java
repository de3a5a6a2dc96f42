package dev.stardust.ops.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class KernelPartsTest {
    private static final String MODULES = "lib/modules/" + TestKernel.VERSION + "/";
    private static final String DRIVER = MODULES + "kernel/drivers/virtio/virtio.ko";
    private static final String DEPENDENCIES = MODULES + "modules.dep";

    @TempDir
    Path dir;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] tar(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                TarArchiveEntry entry = new TarArchiveEntry(file.getKey(), true);
                entry.setSize(file.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(file.getValue());
                tar.closeArchiveEntry();
            }
        }
        return out.toByteArray();
    }

    private static byte[] deb(String member, byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArArchiveOutputStream ar = new ArArchiveOutputStream(out)) {
            for (Map.Entry<String, byte[]> each :
                    List.of(Map.entry("debian-binary", bytes("2.0\n")), Map.entry(member, data))) {
                ar.putArchiveEntry(new ArArchiveEntry(each.getKey(), each.getValue().length));
                ar.write(each.getValue());
                ar.closeArchiveEntry();
            }
        }
        return out.toByteArray();
    }

    private static byte[] xz(byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream xz = new XZOutputStream(out, new LZMA2Options())) {
            xz.write(data);
        }
        return out.toByteArray();
    }

    private static byte[] kernel() throws IOException {
        return TestKernel.bzImageOf(TestKernel.elf(true, 5000));
    }

    private static Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("./boot/vmlinuz-" + TestKernel.VERSION, kernel());
        files.put("./boot/config-" + TestKernel.VERSION, bytes("CONFIG_X=y\n"));
        files.put("./" + DRIVER, bytes("module"));
        files.put("./" + DEPENDENCIES, bytes("kernel/drivers/virtio/virtio.ko:\n"));
        files.put("./" + MODULES + "source", bytes("no module"));
        files.put("./lib/modules/../../../etc/passwd", bytes("evil"));
        files.put("./" + MODULES + "../../../../evil.ko", bytes("evil"));
        return files;
    }

    private KernelParts parts(String name, byte[] content, Path modules) throws IOException {
        Path file = Files.write(dir.resolve(name), content);
        return KernelParts.of(file, modules, Files.createTempDirectory(dir, "work"));
    }

    private static List<String> names(Path tar) throws IOException {
        List<String> names = new ArrayList<>();
        try (TarArchiveInputStream in = new TarArchiveInputStream(Files.newInputStream(tar))) {
            for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                assertEquals(0, e.getLongUserId() + e.getLastModifiedTime().toMillis(), e.getName());
                names.add(e.getName());
            }
        }
        return names;
    }

    @Test
    void aPackageGivesItsKernelUnpackedAndItsModulesAlone() throws IOException {
        for (Map.Entry<String, byte[]> data : List.of(
                Map.entry("data.tar", tar(files())),
                Map.entry("data.tar.xz", xz(tar(files()))),
                Map.entry("data.tar.zst", Zstd.compress(tar(files()))))) {
            KernelParts parts = parts("linux.deb", deb(data.getKey(), data.getValue()), null);
            assertEquals(TestKernel.VERSION, parts.version());
            assertTrue(parts.kernel().unpacked());
            assertArrayEquals(
                    TestKernel.elf(true, 5000),
                    Files.readAllBytes(parts.kernel().file()));
            assertEquals(List.of(DRIVER, DEPENDENCIES), names(parts.modules()));
        }
    }

    @Test
    void modulesOfAFolderAndOfATarGiveEqualBytes() throws IOException {
        Path tree = dir.resolve("tree");
        Map<String, byte[]> wanted = files();
        for (String name : List.of(DRIVER, DEPENDENCIES)) {
            Path file = tree.resolve(name);
            Files.createDirectories(file.getParent());
            Files.write(file, wanted.get("./" + name));
        }
        byte[] ofTree = Files.readAllBytes(parts("vmlinuz", kernel(), tree).modules());
        byte[] ofVersion = Files.readAllBytes(
                parts("vmlinuz", kernel(), tree.resolve(MODULES)).modules());
        Path tar = Files.write(dir.resolve("modules.tar.xz"), xz(tar(wanted)));
        byte[] ofTar = Files.readAllBytes(parts("vmlinuz", kernel(), tar).modules());
        assertArrayEquals(ofTree, ofVersion);
        assertArrayEquals(ofTree, ofTar);
    }

    @Test
    void aKernelWithoutModulesAndOneThatQemuCouldNotEnterAreTakenAsTheyAre() throws IOException {
        byte[] old = TestKernel.bzImageOf(TestKernel.elf(false, 5000));
        KernelParts parts = parts("vmlinuz", old, null);
        assertNull(parts.modules());
        assertEquals(TestKernel.VERSION, parts.version());
        assertArrayEquals(old, Files.readAllBytes(parts.kernel().file()));
        assertEquals(
                TestKernel.VERSION,
                parts("vmlinux", TestKernel.elf(true, 5000), null).version());
    }

    @Test
    void whatDoesNotFitIsRefusedInWords() throws IOException {
        Map<String, byte[]> other = Map.of("lib/modules/5.0.0/kernel/x.ko", bytes("x"));
        Path tar = Files.write(dir.resolve("other.tar"), tar(other));
        assertTrue(refusal("vmlinuz", kernel(), tar).contains("the modules are for 5.0.0, the kernel is 6.1.0-18"));
        Path none = Files.write(dir.resolve("none.tar"), tar(Map.of("a", bytes("a"))));
        assertTrue(refusal("vmlinuz", kernel(), none).contains("no modules in it"));
        assertTrue(refusal("x.deb", deb("data.tar", tar(Map.of("a", bytes("a")))), null)
                .contains("no boot/vmlinuz-VERSION"));
        assertTrue(refusal("linux.deb", deb("data.tar", tar(files())), tar).contains("leave --modules out"));
        assertTrue(
                refusal("text", bytes("hello, this is no kernel at all"), null).contains("no Linux kernel"));
    }

    private String refusal(String name, byte[] content, Path modules) {
        return assertThrows(BadKernelException.class, () -> parts(name, content, modules))
                .getMessage();
    }

    /** Names that lead elsewhere are left out: whatever is asked for, nothing appears outside of the folder. */
    @Property(tries = 300)
    void noNameLeadsOutOfTheFolder(@ForAll("names") String name) throws IOException {
        Path outer = Files.createTempDirectory("modules-");
        Path root = Files.createDirectory(outer.resolve("root"));
        try {
            new ModulesFolder(root).add(name, new ByteArrayInputStream(bytes("x")));
            try (var all = Files.walk(outer)) {
                assertTrue(
                        all.filter(Files::isRegularFile)
                                .allMatch(f -> f.normalize().startsWith(root.resolve("lib/modules"))),
                        name);
            }
        } finally {
            try (var all = Files.walk(outer)) {
                for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    @net.jqwik.api.Provide
    net.jqwik.api.Arbitrary<String> names() {
        return net.jqwik.api.Arbitraries.of(
                        "..", ".", "lib", "usr", "modules", "6.1", "a.ko", "x.ko.xz", "modules.dep", "")
                .list()
                .ofMaxSize(8)
                .map(parts -> String.join("/", parts));
    }
}
