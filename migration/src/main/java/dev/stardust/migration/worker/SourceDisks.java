package dev.stardust.migration.worker;

import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.migration.page.PageEncoder;
import dev.stardust.vm.disk.VolumeBlockBackend;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What has to be sent of a machine's disks: the blocks that were ever written, then those written since. */
final class SourceDisks implements AutoCloseable {
    private final List<Disk> disks = new ArrayList<>();
    private final MappedMemory block = MappedMemory.anonymous(DeltaVolume.BLOCK_BYTES);

    /** A bit of {@code pending} is a block of 4 KiB, like a page. */
    private record Disk(int number, DeltaVolume volume, DirtyBitmap pending) {}

    /** Begins to note writes; everything written before is pending. */
    SourceDisks(List<BlockBackend> backends) {
        for (int i = 0; i < backends.size(); i++) {
            DeltaVolume volume = delta(backends.get(i));
            if (volume != null) {
                DirtyBitmap pending = DirtyBitmap.forBytes(volume.sizeBytes());
                disks.add(new Disk(i, volume, pending));
                volume.startTracking();
                volume.forEachPresent(pending::set);
            }
        }
    }

    /** The volume of a disk that can be written, else null. */
    static DeltaVolume delta(BlockBackend backend) {
        return backend instanceof VolumeBlockBackend b && b.volume() instanceof DeltaVolume delta ? delta : null;
    }

    /** Makes what was written since the last call pending; how much that is altogether. */
    long collect() {
        long blocks = 0;
        for (Disk disk : disks) {
            disk.volume.drainDirty(disk.pending::set);
            blocks += disk.pending.cardinality();
        }
        return blocks;
    }

    /** Sends what is pending. A block that is written meanwhile was noted again. */
    void send(PageEncoder encoder) throws IOException {
        for (Disk disk : disks) {
            for (long b = disk.pending.nextSet(0); b >= 0; b = disk.pending.nextSet(b + 1)) {
                disk.volume.readBlock(b, block.address());
                encoder.block(disk.number, b, block.address());
            }
            disk.pending.clear();
        }
    }

    @Override
    public void close() {
        for (Disk disk : disks) {
            disk.volume.stopTracking();
        }
        block.close();
    }
}
