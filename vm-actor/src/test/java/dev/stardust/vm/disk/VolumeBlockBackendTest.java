package dev.stardust.vm.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.stardust.chunk.store.DiskFullException;
import dev.stardust.chunk.volume.Volume;
import dev.stardust.hypervisor.virtio.blk.BackendFullException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class VolumeBlockBackendTest {
    /** A volume on a disk that is full. */
    private static final class Full implements Volume {
        @Override
        public long sizeBytes() {
            return 4096;
        }

        @Override
        public void read(long offset, long address, int length) throws IOException {
            throw new DiskFullException(Path.of("delta"));
        }

        @Override
        public void write(long offset, long address, int length) throws IOException {
            throw new DiskFullException(Path.of("delta"));
        }

        @Override
        public void zero(long offset, long length) throws IOException {
            throw new DiskFullException(Path.of("delta"));
        }

        @Override
        public void flush() throws IOException {
            throw new DiskFullException(Path.of("delta"));
        }

        @Override
        public void close() {}
    }

    @Test
    void aFullDiskIsToldApartFromOtherErrors() throws IOException {
        try (VolumeBlockBackend disk = new VolumeBlockBackend(new Full())) {
            BackendFullException full = assertThrows(BackendFullException.class, () -> disk.write(0, 0, 512));
            assertEquals(new DiskFullException(Path.of("delta")).getMessage(), full.getMessage());
            assertThrows(BackendFullException.class, () -> disk.writeZeroes(0, 512));
            assertThrows(BackendFullException.class, disk::flush);
            assertEquals(512, disk.extent(0, 512), "nothing is known of it");
        }
    }
}
