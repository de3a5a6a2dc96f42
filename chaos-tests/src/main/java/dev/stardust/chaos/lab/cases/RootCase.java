package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.disk.VolumeBlockBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.agrona.BufferUtil;

/** Linux lives on a root of ext4 that is a volume of the chunk store; afterwards its file system is sound. */
final class RootCase implements LinuxCase {
    private static final int COPY_BYTES = 256 << 10;

    @Override
    public String name() {
        return "root";
    }

    @Override
    public boolean hasRoot() {
        return true;
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_blk
                mkdir /new
                mount -t ext4 /dev/vda /new
                exec switch_root /new /sbin/init
                """;
    }

    @Override
    public void run(LabContext lab) throws IOException {
        Path segments = lab.folder().resolve("segments");
        Path extents = lab.folder().resolve("root.extents");
        try (ChunkStore store = ChunkStore.open(segments)) {
            ImportResult image =
                    new ImageImporter(store).importImage(lab.files().root(), (done, of) -> {});
            ExtentMap.write(extents, image.manifest(), image.root(), store);
            lab.note(image.storedBytes() / 1024 + " of " + image.sizeBytes() / 1024 + " KiB stored");
        }
        try (DiskOpener opener = new DiskOpener(segments)) {
            VolumeBlockBackend disk = opener.open(extents, lab.folder().resolve("root.delta"), false);
            LabGuest guest = lab.start(
                    LinuxGuest.spec(lab, "linux").withDisks(List.of(new MachineSpec.Disk("root", false))), disk);
            LabContext.check(guest.awaitLine("root: ").equals("root: ext4"), "the root is something else");
            String sum = guest.awaitLine("wrote: ").split(" ")[1];
            guest.awaitEnd();
            copy(disk, lab.files().result());
            lab.note(LinuxCase.DATA + sum);
        }
    }

    /** To where it is looked at from outside of the lab. */
    private static void copy(VolumeBlockBackend disk, Path result) throws IOException {
        ByteBuffer part = ByteBuffer.allocateDirect(COPY_BYTES);
        try (FileChannel out = FileChannel.open(result, StandardOpenOption.WRITE)) {
            for (long at = 0; at < disk.sizeBytes(); at += COPY_BYTES) {
                int length = (int) Math.min(COPY_BYTES, disk.sizeBytes() - at);
                disk.read(at, BufferUtil.address(part), length);
                part.clear().limit(length);
                while (part.hasRemaining()) {
                    out.write(part, at + part.position());
                }
            }
            out.force(true);
        }
    }
}
