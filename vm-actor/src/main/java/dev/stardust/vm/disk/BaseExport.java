package dev.stardust.vm.disk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.OpenFlags;
import dev.stardust.hypervisor.machine.LocalMachine;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.vm.worker.HostedMachine;
import dev.stardust.vm.worker.WorkerOp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * In a worker: writes a paused machine's RAM and what its disks were written with into a folder, from where the node
 * stores it as a base. Guest RAM is the worker's alone, so the node cannot read it itself.
 */
public final class BaseExport {
    /** The operation's name. */
    public static final String OP = "base.export";

    /** File name of the RAM, sparse, as long as the RAM. */
    public static final String MEMORY = "memory";

    private BaseExport() {}

    /**
     * What is asked.
     *
     * @param folder where to write, made if need be
     * @param segments the node's segments, which the disks' bases lie in
     */
    public record Request(String folder, String segments) {}

    /** File name of a disk's writes, a delta file of its own. */
    public static String disk(int index) {
        return "disk-" + index + ".delta";
    }

    /** The operation for a worker. */
    public static Map<String, WorkerOp> ops() {
        return Map.of(OP, (args, vm, events) -> {
            Path folder = Path.of(args.path("folder").asText());
            Path segments = Path.of(args.path("segments").asText());
            return CompletableFuture.supplyAsync(() -> export(vm, folder, segments));
        });
    }

    private static JsonNode export(HostedMachine vm, Path folder, Path segments) {
        try (DiskOpener opener = new DiskOpener(segments)) {
            Files.createDirectories(folder);
            writeMemory(vm.machineAs(LocalMachine.class).memory(), folder.resolve(MEMORY));
            for (int i = 0; i < vm.disks().size(); i++) {
                Path extents = Path.of(vm.spec().disks().get(i).extents());
                if (vm.disks().get(i) instanceof VolumeBlockBackend disk
                        && disk.volume() instanceof DeltaVolume written) {
                    copy(written, opener, extents, folder.resolve(disk(i)));
                }
            }
            return JsonNodeFactory.instance.objectNode();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write VM " + vm.name() + " out: " + e.getMessage(), e);
        }
    }

    /** Zero pages stay holes. */
    private static void writeMemory(GuestMemory memory, Path file) throws IOException {
        Files.deleteIfExists(file);
        int fd = Libc.open(file.toString(), OpenFlags.READ_WRITE | OpenFlags.CREATE);
        try (MappedMemory zero = MappedMemory.anonymous(MappedMemory.PAGE_SIZE)) {
            Libc.check(Libc.C.ftruncate(fd, memory.sizeBytes()), "setting the size of " + file);
            for (long page = 0; page < memory.sizeBytes(); page += MappedMemory.PAGE_SIZE) {
                long address = memory.address() + page;
                if (Libc.C.memcmp(address, zero.address(), MappedMemory.PAGE_SIZE) != 0) {
                    long written = Libc.C.pwrite(fd, address, MappedMemory.PAGE_SIZE, page);
                    Libc.check(written, "write to " + file);
                    if (written != MappedMemory.PAGE_SIZE) {
                        throw new IOException(file + " could not be written in full: is the disk full?");
                    }
                }
            }
        } finally {
            Libc.C.close(fd);
        }
    }

    private static void copy(DeltaVolume from, DiskOpener opener, Path extents, Path to) throws IOException {
        from.flush();
        Files.deleteIfExists(to);
        try (VolumeBlockBackend backend = opener.open(extents, to, false);
                MappedMemory block = MappedMemory.anonymous(MappedMemory.PAGE_SIZE)) {
            DeltaVolume copy = (DeltaVolume) backend.volume();
            from.forEachPresent(number -> {
                try {
                    from.readBlock(number, block.address());
                    copy.writeBlock(number, block.address());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            copy.flush();
        }
    }
}
