package dev.stardust.vm.disk;

import dev.stardust.chunk.store.DiskFullException;
import dev.stardust.chunk.volume.Volume;
import dev.stardust.hypervisor.virtio.blk.BackendFullException;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;

/** A volume behind a virtio-blk device. */
public final class VolumeBlockBackend implements BlockBackend {
    private final Volume volume;

    /** Takes the volume over: it is closed with the backend. */
    public VolumeBlockBackend(Volume volume) {
        this.volume = volume;
    }

    public Volume volume() {
        return volume;
    }

    @Override
    public long sizeBytes() {
        return volume.sizeBytes();
    }

    @Override
    public void read(long offset, long address, int length) throws IOException {
        volume.read(offset, address, length);
    }

    @Override
    public void write(long offset, long address, int length) throws IOException {
        try {
            volume.write(offset, address, length);
        } catch (DiskFullException e) {
            throw new BackendFullException(e);
        }
    }

    @Override
    public void writeZeroes(long offset, long length) throws IOException {
        try {
            volume.zero(offset, length);
        } catch (DiskFullException e) {
            throw new BackendFullException(e);
        }
    }

    @Override
    public long extent(long offset, long length) throws IOException {
        return volume.extent(offset, length);
    }

    @Override
    public void flush() throws IOException {
        try {
            volume.flush();
        } catch (DiskFullException e) {
            throw new BackendFullException(e);
        }
    }

    @Override
    public void close() throws IOException {
        volume.close();
    }
}
