package dev.stardust.vm.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.file.Tool;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.DurableFolder;
import dev.stardust.chunk.store.NativeFile;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.chunk.volume.ManifestVolume;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.spec.VolumeMount;
import dev.stardust.vm.worker.DiskFiles;
import dev.stardust.vm.worker.FileTree;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The named volumes of a host: {@code volumes/NAME} has the extent map of an empty disk and, over it, a delta file with all
 * that was written. A volume is there whole or not at all. Blocks; thread safe.
 */
final class HostVolumes {
    /** Their folder in the node's data. */
    static final String FOLDER = "volumes";

    private static final String EXTENTS = "extents";
    private static final String DELTA = "delta";

    /** Names that no volume has. */
    private static final String NEW = ".new-";

    private static final String GONE = ".gone-";

    private static final long BYTES_PER_MIB = 1 << 20;

    /** Stands for a disk that is zero everywhere. */
    private static final ChunkId ZEROS = ChunkId.ZERO;

    /** A machine that is over lets go of its disks a moment later. */
    private static final long FREE_WITHIN_NS = TimeUnit.SECONDS.toNanos(10);

    private static final long FREE_POLL_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Path folder;
    private final ChunkStore store;

    HostVolumes(Path folder, ChunkStore store) {
        this.folder = folder;
        this.store = store;
    }

    /**
     * A volume as a disk, made and formatted if it is not there, once no machine has it that would be in the way.
     *
     * @throws IOException with a text for the user, also if it has another size than is asked for
     */
    DiskFiles disk(VolumeMount volume) throws IOException {
        Path files = made(volume);
        Path delta = files.resolve(DELTA);
        awaitFree(volume, delta);
        return new DiskFiles(
                files.resolve(EXTENTS).toString(),
                delta.toString(),
                volume.serial(),
                volume.readOnly(),
                DiskLimit.NONE);
    }

    private synchronized Path made(VolumeMount volume) throws IOException {
        Path files = folder.resolve(volume.name());
        if (!Files.exists(files)) {
            make(volume, files);
        }
        long sizeBytes = ExtentMap.open(files.resolve(EXTENTS)).sizeBytes();
        if (volume.sizeMib() != 0 && volume.sizeMib() * BYTES_PER_MIB != sizeBytes) {
            throw new IOException("volume " + volume.name() + " has " + sizeBytes / BYTES_PER_MIB + " MiB, not "
                    + volume.sizeMib() + ": leave its size out");
        }
        return files;
    }

    private void make(VolumeMount volume, Path files) throws IOException {
        Path made = DurableFolder.create(folder).resolve(NEW + volume.name());
        FileTree.delete(made);
        Files.createDirectory(made);
        int mib = volume.sizeMib() == 0 ? VolumeMount.DEFAULT_SIZE_MIB : volume.sizeMib();
        Manifest zeros = Manifest.builder(mib * BYTES_PER_MIB).build();
        ExtentMap.write(made.resolve(EXTENTS), zeros, ZEROS, store);
        Path image = made.resolve("image");
        format(image, zeros.sizeBytes());
        try (DeltaVolume disk = DeltaVolume.open(made.resolve(DELTA), ManifestVolume.of(zeros, store), ZEROS)) {
            copy(image, disk);
            disk.flush();
        }
        Files.delete(image);
        NativeFile.syncDirectory(made);
        Files.move(made, files, StandardCopyOption.ATOMIC_MOVE);
        NativeFile.syncDirectory(folder);
    }

    /** An ext4 with nothing in it, not even the folder of things that were lost: databases want theirs empty. */
    private static void format(Path image, long sizeBytes) throws IOException {
        try (NativeFile file = NativeFile.create(image)) {
            file.truncate(sizeBytes);
        }
        String purpose = "to format a volume";
        Tool.run(
                "e2fsprogs",
                purpose,
                List.of(
                        Tool.ofSystem("mkfs.ext4"),
                        "-q",
                        "-F",
                        "-m",
                        "0",
                        "-E",
                        "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
                        image.toString()));
        Tool.run(
                "e2fsprogs",
                purpose,
                List.of(Tool.ofSystem("debugfs"), "-w", "-R", "rmdir lost+found", image.toString()));
    }

    private static void copy(Path image, DeltaVolume disk) throws IOException {
        NativeBuffer block = new NativeBuffer(DeltaVolume.BLOCK_BYTES);
        try (NativeFile file = NativeFile.openRead(image)) {
            long end = file.size();
            for (long at = file.nextData(0); at < end; at = file.nextData(at)) {
                for (long hole = file.nextHole(at); at < hole; at += DeltaVolume.BLOCK_BYTES) {
                    file.read(at, block.address(), DeltaVolume.BLOCK_BYTES);
                    disk.writeBlock(at / DeltaVolume.BLOCK_BYTES, block.address());
                }
            }
        }
    }

    /** Waits for the locks of machines that are over. The kernel keeps them, so none outlives its process. */
    private static void awaitFree(VolumeMount volume, Path delta) throws IOException {
        long end = System.nanoTime() + FREE_WITHIN_NS;
        while (!isFree(delta, volume.readOnly())) {
            if (System.nanoTime() > end) {
                throw new IOException("volume " + volume.name() + " is in use by another machine of this host");
            }
            LockSupport.parkNanos(FREE_POLL_NS);
        }
    }

    private static boolean isFree(Path delta, boolean forReading) throws IOException {
        try (NativeFile file = NativeFile.openRead(delta)) {
            return forReading ? file.tryLockShared() : file.tryLock();
        }
    }

    /** Deletes a volume; one that is not there is deleted already. */
    synchronized void delete(String name) throws IOException {
        Path files = folder.resolve(name);
        Path gone = folder.resolve(GONE + name);
        FileTree.delete(gone);
        if (Files.exists(files)) {
            Files.move(files, gone, StandardCopyOption.ATOMIC_MOVE);
            NativeFile.syncDirectory(folder);
            FileTree.delete(gone);
        }
    }

    /** Removes what a process has left that was killed while it made or deleted one. */
    synchronized void removeLeftovers() throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, "{" + NEW + "," + GONE + "}*")) {
            for (Path each : left) {
                FileTree.delete(each);
            }
        }
    }
}
