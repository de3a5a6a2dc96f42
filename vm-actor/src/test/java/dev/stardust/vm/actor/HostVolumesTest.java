package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.file.Tool;
import dev.stardust.chunk.local.VolumeStreams;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.disk.VolumeBlockBackend;
import dev.stardust.vm.spec.VolumeMount;
import dev.stardust.vm.worker.DiskFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostVolumesTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path data;

    private ChunkStore store;
    private DiskOpener opener;
    private HostVolumes volumes;

    @BeforeEach
    void open() throws IOException {
        store = ChunkStore.open(data.resolve("segments"));
        opener = new DiskOpener(data.resolve("segments"));
        volumes = new HostVolumes(data.resolve(HostVolumes.FOLDER), store);
    }

    @AfterEach
    void close() throws IOException {
        opener.close();
        store.close();
    }

    private static VolumeMount mount(boolean readOnly, int sizeMib) {
        return new VolumeMount("data", "/data", readOnly, sizeMib);
    }

    private VolumeBlockBackend open(DiskFiles disk) throws IOException {
        return opener.open(Path.of(disk.extents()), Path.of(disk.delta()), disk.readOnly());
    }

    @Test
    void aNewVolumeIsASoundEmptyExt4ThatTakesLittleRoom() throws IOException {
        Path exported = data.resolve("exported");
        try (VolumeBlockBackend disk = open(volumes.disk(mount(false, 64)))) {
            assertEquals(64L * MIB, disk.sizeBytes());
            VolumeStreams.export(disk.volume(), exported, (done, all) -> {});
        }
        String e2fsck = Tool.ofSystem("e2fsck");
        Tool.run("e2fsprogs", "to check", List.of(e2fsck, "-f", "-n", exported.toString()));
        String root = Tool.run(
                "e2fsprogs", "to look", List.of(Tool.ofSystem("debugfs"), "-R", "ls -p /", exported.toString()));
        assertFalse(root.contains("lost+found"), root);
        Path delta = data.resolve("volumes/data/delta");
        String[] taken = Tool.run("coreutils", "to look", List.of("du", "-k", delta.toString()))
                .split("\\s+");
        assertTrue(Long.parseLong(taken[0]) < 8 << 10, "it takes " + taken[0] + " KiB");
    }

    @Test
    void whatWasWrittenIsReadByTheNextOnesAndByWhoOnlyReads() throws IOException {
        NativeBuffer block = new NativeBuffer(4096);
        byte[] text = "kept".getBytes(StandardCharsets.UTF_8);
        NativeBuffer.copy(text, 0, block.address(), text.length);
        try (VolumeBlockBackend disk = open(volumes.disk(mount(false, 64)))) {
            disk.write(32L * MIB, block.address(), 4096);
            disk.flush();
            IOException second = assertThrows(IOException.class, () -> open(reader()));
            assertTrue(second.getMessage().contains("another machine writes"), second.getMessage());
        }
        try (VolumeBlockBackend one = open(volumes.disk(mount(true, 0)));
                VolumeBlockBackend two = open(volumes.disk(mount(true, 0)))) {
            NativeBuffer read = new NativeBuffer(4096);
            byte[] found = new byte[text.length];
            two.read(32L * MIB, read.address(), 4096);
            NativeBuffer.copy(read.address(), found, 0, found.length);
            assertArrayEquals(text, found);
            assertEquals(64L * MIB, one.sizeBytes());
        }
    }

    private DiskFiles reader() {
        Path files = data.resolve("volumes/data");
        return new DiskFiles(
                files.resolve("extents").toString(), files.resolve("delta").toString(), "v", true, null);
    }

    @Test
    void anotherSizeThanItHasIsRefused() throws IOException {
        volumes.disk(mount(false, 64));
        IOException other = assertThrows(IOException.class, () -> volumes.disk(mount(false, 65)));
        assertTrue(other.getMessage().contains("has 64 MiB"), other.getMessage());
    }

    @Test
    void nothingIsLeftOfADeletedOneNorOfOneThatWasHalfMade() throws IOException {
        volumes.disk(mount(false, 64));
        volumes.delete("data");
        volumes.delete("data");
        Files.createDirectories(data.resolve("volumes/.new-data/x"));
        Files.createDirectories(data.resolve("volumes/.gone-other"));
        volumes.removeLeftovers();
        try (var left = Files.list(data.resolve("volumes"))) {
            assertEquals(0, left.count());
        }
    }
}
