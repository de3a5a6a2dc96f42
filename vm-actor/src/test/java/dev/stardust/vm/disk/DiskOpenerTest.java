package dev.stardust.vm.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskOpenerTest {
    private static final int SIZE = 300 * 1024;

    @TempDir
    Path data;

    private final byte[] image = new byte[SIZE];
    private Path extents;
    private Path delta;

    @BeforeEach
    void makeDisk() throws IOException {
        new Random(7).nextBytes(image);
        Arrays.fill(image, 100 * 1024, 200 * 1024, (byte) 0);
        extents = data.resolve("disk-0.extents");
        delta = data.resolve("disk-0.delta");
        DiskImages.make(data.resolve("segments"), image, extents);
    }

    @Test
    void aDiskReadsAsItsImageAndKeepsWhatWasWritten() throws IOException {
        byte[] written = new byte[5000];
        new Random(8).nextBytes(written);
        try (DiskOpener opener = new DiskOpener(data.resolve("segments"))) {
            try (VolumeBlockBackend disk = opener.open(extents, delta, false)) {
                assertInstanceOf(DeltaVolume.class, disk.volume());
                assertEquals(SIZE, disk.sizeBytes());
                assertArrayEquals(image, read(disk, 0, SIZE));
                NativeBuffer buffer = new NativeBuffer(written.length);
                NativeBuffer.copy(written, 0, buffer.address(), written.length);
                disk.write(12_288 + 512, buffer.address(), written.length);
                disk.discard(40_000, 10_000);
                disk.writeZeroes(60_000, 512);
                disk.flush();
            }
            Arrays.fill(image, 40_000, 50_000, (byte) 0);
            Arrays.fill(image, 60_000, 60_512, (byte) 0);
            System.arraycopy(written, 0, image, 12_288 + 512, written.length);
            try (VolumeBlockBackend disk = opener.open(extents, delta, false)) {
                assertArrayEquals(image, read(disk, 0, SIZE));
                assertThrows(IOException.class, () -> opener.open(extents, delta, false));
            }
        }
    }

    @Test
    void aReadOnlyDiskHasNoDeltaAndRefusesWrites() throws IOException {
        try (DiskOpener opener = new DiskOpener(data.resolve("segments"));
                VolumeBlockBackend disk = opener.open(extents, null, true)) {
            assertArrayEquals(Arrays.copyOf(image, 4096), read(disk, 0, 4096));
            NativeBuffer buffer = new NativeBuffer(512);
            assertThrows(IOException.class, () -> disk.write(0, buffer.address(), 512));
            assertThrows(IOException.class, () -> disk.discard(0, 512));
            assertTrue(Files.notExists(delta));
        }
    }

    @Test
    void aMissingMapOrAForeignStoreIsToldByName() throws IOException {
        try (DiskOpener opener = new DiskOpener(data.resolve("other"))) {
            IOException missing =
                    assertThrows(IOException.class, () -> opener.open(data.resolve("none.extents"), delta, false));
            assertTrue(missing.getMessage().contains("none.extents"), missing.getMessage());
            DiskImages.make(data.resolve("other"), new byte[512], data.resolve("other.extents"));
            try (VolumeBlockBackend disk = opener.open(extents, delta, false)) {
                assertThrows(IOException.class, () -> read(disk, 0, 4096));
            }
        }
    }

    private static byte[] read(BlockBackend disk, long offset, int length) throws IOException {
        NativeBuffer buffer = new NativeBuffer(length);
        disk.read(offset, buffer.address(), length);
        byte[] bytes = new byte[length];
        NativeBuffer.copy(buffer.address(), bytes, 0, length);
        return bytes;
    }
}
