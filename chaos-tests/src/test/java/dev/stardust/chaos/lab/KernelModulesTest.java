package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chaos.ToolException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelModulesTest {
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

    @Test
    void aDashInAFileIsAnUnderscoreInTheKernel() throws IOException {
        assertEquals(folder.resolve("kernel/arch/x86/kvm/kvm-amd.ko"), real().file("kvm_amd"));
    }

    @Test
    void aMissingModuleIsNamed() throws IOException {
        ToolException e = assertThrows(ToolException.class, () -> real().loadOrder(List.of("vhost")));
        assertTrue(e.getMessage().contains("no module vhost"), e.getMessage());
    }

    @Test
    void aCircleIsRefused() throws IOException {
        KernelModules circle = modules("kernel/a.ko: kernel/b.ko", "kernel/b.ko: kernel/a.ko");
        ToolException e = assertThrows(ToolException.class, () -> circle.loadOrder(List.of("a")));
        assertTrue(e.getMessage().contains("need each other: [a, b]"), e.getMessage());
    }
}
