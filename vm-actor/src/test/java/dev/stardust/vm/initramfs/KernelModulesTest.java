package dev.stardust.vm.initramfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZOutputStream;

class KernelModulesTest {
    private static final byte[] CONTENT = "\u007fELF and so on".getBytes(StandardCharsets.ISO_8859_1);

    @TempDir
    Path folder;

    private KernelModules modules(String... dep) throws IOException {
        Files.writeString(folder.resolve("modules.dep"), String.join("\n", dep) + "\n");
        Files.writeString(folder.resolve("modules.builtin"), "kernel/fs/ext4/ext4.ko\n");
        return KernelModules.read(folder);
    }

    private KernelModules real() throws IOException {
        return modules(
                "kernel/virt/lib/irqbypass.ko:",
                "kernel/arch/x86/kvm/kvm.ko: kernel/virt/lib/irqbypass.ko",
                "kernel/arch/x86/kvm/kvm-amd.ko: kernel/arch/x86/kvm/kvm.ko kernel/virt/lib/irqbypass.ko",
                "kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko",
                "kernel/drivers/virtio/virtio_ring.ko:",
                "kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko");
    }

    @Test
    void whatAModuleNeedsIsLoadedBeforeItAndOnce() throws IOException {
        assertEquals(
                List.of("irqbypass", "kvm", "kvm_amd", "virtio_ring", "virtio", "virtio_blk"),
                real().loadOrder(List.of("kvm_amd", "virtio_blk", "virtio")));
    }

    @Test
    void whatIsBuiltInIsLeftOut() throws IOException {
        assertEquals(List.of("irqbypass"), real().loadOrder(List.of("ext4", "irqbypass")));
    }

    private Path file(String name, byte[] content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, content);
    }

    @Test
    void aDashInAFileIsAnUnderscoreInTheKernel() throws IOException {
        file("kernel/arch/x86/kvm/kvm-amd.ko", CONTENT);
        assertArrayEquals(CONTENT, real().content("kvm_amd"));
    }

    @Test
    void aModuleMayBeCompressedByWhatKernelsUse() throws IOException {
        ByteArrayOutputStream gz = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(gz)) {
            out.write(CONTENT);
        }
        ByteArrayOutputStream xz = new ByteArrayOutputStream();
        try (OutputStream out = new XZOutputStream(xz, new LZMA2Options(), XZ.CHECK_CRC32)) {
            out.write(CONTENT);
        }
        file("a.ko.gz", gz.toByteArray());
        file("b.ko.xz", xz.toByteArray());
        file("c.ko.zst", Zstd.compress(CONTENT));
        KernelModules modules = modules("a.ko.gz:", "b.ko.xz: a.ko.gz", "c.ko.zst: b.ko.xz a.ko.gz");
        assertEquals(List.of("a", "b", "c"), modules.loadOrder(List.of("c")));
        for (String name : List.of("a", "b", "c")) {
            assertArrayEquals(CONTENT, modules.content(name));
        }
    }

    @Test
    void aDamagedFileIsRefusedWithItsName() throws IOException {
        for (String name : List.of("a.ko.gz", "b.ko.xz", "c.ko.zst")) {
            file(name, CONTENT);
        }
        KernelModules modules = modules("a.ko.gz:", "b.ko.xz:", "c.ko.zst:");
        for (String name : List.of("a", "b", "c")) {
            IOException e = assertThrows(IOException.class, () -> modules.content(name));
            assertTrue(e.getMessage().contains(name + ".ko."), e.getMessage());
        }
    }

    @Test
    void aModuleThatUnpacksToMoreThanAnyHasIsRefused() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            for (int mib = 0; mib <= ModuleFile.MAX_BYTES >> 20; mib++) {
                out.write(new byte[1 << 20]);
            }
        }
        file("a.ko.gz", packed.toByteArray());
        IOException e =
                assertThrows(IOException.class, () -> modules("a.ko.gz:").content("a"));
        assertTrue(e.getMessage().contains("larger"), e.getMessage());
    }

    @Test
    void noFileOutsideOfTheFolderIsRead(@TempDir Path elsewhere) throws IOException {
        Path secret = Files.write(elsewhere.resolve("secret.ko"), CONTENT);
        Files.createSymbolicLink(folder.resolve("link.ko"), secret);
        KernelModules modules = modules("../" + elsewhere.getFileName() + "/secret.ko:", "link.ko:");
        assertThrows(IOException.class, () -> modules.content("secret"));
        assertThrows(IOException.class, () -> modules.content("link"));
    }

    @Test
    void whatASoftDependencyNamesComesBeforeToo() throws IOException {
        Files.writeString(folder.resolve("modules.alias"), "alias crc32c crc32c_generic\nalias fs-x x\n");
        Files.writeString(folder.resolve("modules.softdep"), "softdep x pre: crc32c absent post: y\n");
        KernelModules modules = modules("x.ko:", "y.ko:", "crc32c_generic.ko:");
        assertEquals(List.of("crc32c_generic", "x"), modules.loadOrder(List.of("x")));
        assertEquals(List.of("fs-x"), modules.aliases("x"));
    }

    @Test
    void aMissingModuleIsNamed() throws IOException {
        IOException e = assertThrows(IOException.class, () -> real().loadOrder(List.of("vhost")));
        assertTrue(e.getMessage().contains("no module vhost"), e.getMessage());
    }

    @Test
    void aCircleIsRefused() throws IOException {
        KernelModules circle = modules("kernel/a.ko: kernel/b.ko", "kernel/b.ko: kernel/a.ko");
        IOException e = assertThrows(IOException.class, () -> circle.loadOrder(List.of("a")));
        assertTrue(e.getMessage().contains("need each other: [a, b]"), e.getMessage());
    }
}
