package dev.stardust.vm.initramfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModuleTableTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWantedAndThereComesWithWhatItNeeds() throws IOException {
        Files.writeString(
                folder.resolve("modules.dep"),
                """
                virtio_ring.ko:
                virtio.ko: virtio_ring.ko
                virtio_blk.ko: virtio.ko virtio_ring.ko
                libcrc32c.ko:
                xfs.ko: libcrc32c.ko
                overlay.ko:
                ext4.ko:
                unwanted.ko:
                """);
        Files.writeString(folder.resolve("modules.builtin"), "kernel/fs/ext4/ext4.ko\n");
        Files.writeString(
                folder.resolve("modules.alias"),
                """
                alias virtio:d00000002v* virtio_blk
                alias fs-xfs xfs
                alias fs-overlay overlay
                alias fs-ext4 ext4
                """);
        ModuleTable table = ModuleTable.of(KernelModules.read(folder));
        assertEquals(
                List.of(
                        "virtio:d00000002v* 00-virtio_ring.ko 01-virtio.ko 02-virtio_blk.ko",
                        "fs-xfs 03-libcrc32c.ko 04-xfs.ko",
                        "later 00-virtio_ring.ko 01-virtio.ko 02-virtio_blk.ko",
                        "later 05-overlay.ko"),
                table.lines());
        assertEquals(
                List.of("virtio_ring", "virtio", "virtio_blk", "libcrc32c", "xfs", "overlay"),
                List.copyOf(table.files().keySet()));
    }
}
