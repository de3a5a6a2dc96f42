package dev.stardust.vm.actor;

import dev.stardust.chunk.actor.ChunkNode;
import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.manifest.DiskData;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.manifest.PageRuns;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.RawFile;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.chunk.volume.Sealer;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.libc.OpenFlags;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.vm.disk.BaseExport;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.disk.VolumeBlockBackend;
import dev.stardust.vm.spec.Hypervisor;
import dev.stardust.vm.worker.FileTree;
import dev.stardust.vm.worker.RemoteMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a VM as a base in the ring. The worker writes RAM and disks' writes out while the guest stands still; chunking
 * them happens after it goes on.
 */
public final class ChunkBaseSaver implements BaseSaver {
    private static final long POLL_MS = 100;
    private static final long WAIT_MS = 120_000;
    private static final Duration EXPORT_TIMEOUT = Duration.ofMinutes(2);
    private static final int THREADS = 2;

    private final Path data;
    private final ChunkNode chunks;
    private final LocalVmHost host;
    private final SerialLogs logs;
    private final Executor blocking;

    /**
     * A saver.
     *
     * @param data the node's data folder
     * @param blocking where files may be read and written
     */
    public ChunkBaseSaver(Path data, ChunkNode chunks, LocalVmHost host, SerialLogs logs, Executor blocking) {
        this.data = data;
        this.chunks = chunks;
        this.host = host;
        this.logs = logs;
        this.blocking = blocking;
    }

    private record Kept(Path folder, MachineState state) {}

    @Override
    public CompletionStage<Saved> save(VmRecord vm, RemoteMachine machine, String base, String when) {
        return line(vm.name(), when, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MS))
                .thenCompose(seen -> export(vm, machine))
                .thenApplyAsync(kept -> store(vm, kept), blocking);
    }

    /** Completes when the guest has printed the line. */
    private CompletionStage<Void> line(String vm, String wanted, long endNs) {
        return CompletableFuture.supplyAsync(() -> printed(vm, wanted), blocking)
                .thenCompose(seen -> {
                    if (seen) {
                        return CompletableFuture.completedFuture(null);
                    }
                    if (System.nanoTime() > endNs) {
                        throw new IllegalStateException(
                                "VM " + vm + " did not print the line '" + wanted + "' within " + WAIT_MS / 1000
                                        + " s: look at 'stardust logs " + vm + "', or name another by --save-when");
                    }
                    return CompletableFuture.supplyAsync(
                                    () -> null, CompletableFuture.delayedExecutor(POLL_MS, TimeUnit.MILLISECONDS))
                            .thenCompose(later -> line(vm, wanted, endNs));
                });
    }

    private boolean printed(String vm, String wanted) {
        try {
            Path log = logs.file(vm);
            return Files.exists(log)
                    && new String(Files.readAllBytes(log), StandardCharsets.ISO_8859_1)
                            .lines()
                            .anyMatch(wanted::equals);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The guest stands still no longer than its worker needs to write its pages out. */
    private CompletionStage<Kept> export(VmRecord vm, RemoteMachine machine) {
        Path folder = host.folder(vm.name()).resolve("base");
        return machine.pause()
                .thenCompose(paused -> machine.saveState())
                .thenCompose(state -> machine.request(
                                BaseExport.OP,
                                new BaseExport.Request(
                                        folder.toString(),
                                        data.resolve("segments").toString()),
                                EXPORT_TIMEOUT)
                        .thenApply(done -> new Kept(folder, state)))
                .handle((kept, failure) -> machine.resume().thenApply(runs -> {
                    if (failure != null) {
                        throw new IllegalStateException(
                                "the VM could not be written out: " + failure.getMessage(), failure);
                    }
                    return kept;
                }))
                .thenCompose(stage -> stage);
    }

    private Saved store(VmRecord vm, Kept kept) {
        try {
            try {
                return stored(vm, kept);
            } finally {
                FileTree.delete(kept.folder());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot keep the base: " + e.getMessage(), e);
        }
    }

    private Saved stored(VmRecord vm, Kept kept) throws IOException {
        CountingSink sink = new CountingSink(chunks.newSink());
        ChunkId memory = ManifestStore.write(memory(kept, vm.spec().memoryMib(), sink), sink);
        String state = state(kept, vm, sink);
        List<ResolvedSpec.Disk> disks = new ArrayList<>();
        for (int i = 0; i < vm.spec().disks().size(); i++) {
            ResolvedSpec.Disk disk = vm.spec().disks().get(i);
            disks.add(new ResolvedSpec.Disk(disk(vm, i, kept, sink).hex(), disk.readOnly(), disk.limit()));
        }
        sink.sync();
        BaseEntry entry = new BaseEntry(
                memory.hex(),
                state,
                vm.spec().memoryMib(),
                vm.spec().cpus(),
                disks,
                host.made(vm.spec()).hypervisor(),
                vm.spec().linux(),
                vm.spec().workload());
        return new Saved(entry, sink.storedBytes(), "");
    }

    /** One of KVM fits a chunk; one of QEMU is a file of its own. */
    private String state(Kept kept, VmRecord vm, ChunkSink sink) throws IOException {
        byte[] state = kept.state().bytes();
        if (host.made(vm.spec()).hypervisor() == Hypervisor.QEMU) {
            Path file = Files.write(kept.folder().resolve("state"), state);
            try (DiskData data = RawFile.ofFile(file)) {
                return new ImageImporter(sink)
                        .importImage(data, false, Progress.NONE)
                        .root()
                        .hex();
            }
        }
        ChunkId id = Blake3.hash(state);
        sink.put(id, direct(state));
        return id.hex();
    }

    private static Manifest memory(Kept kept, int memoryMib, ChunkSink sink) throws IOException {
        long length = (long) memoryMib << 20;
        int fd = Libc.open(kept.folder().resolve(BaseExport.MEMORY).toString(), OpenFlags.READ_ONLY);
        try (MappedMemory mapped = MappedMemory.readOnly(fd, length)) {
            return PageRuns.store(mapped.address(), length, sink, THREADS);
        } finally {
            Libc.C.close(fd);
        }
    }

    private ChunkId disk(VmRecord vm, int index, Kept kept, ChunkSink sink) throws IOException {
        ResolvedSpec.Disk disk = vm.spec().disks().get(index);
        ChunkId root = ChunkId.ofHex(disk.manifest());
        if (disk.readOnly()) {
            return root;
        }
        Path extents = host.folder(vm.name()).resolve("disk-" + index + ".extents");
        Path delta = kept.folder().resolve(BaseExport.disk(index));
        try (DiskOpener opener = new DiskOpener(data.resolve("segments"));
                VolumeBlockBackend backend = opener.open(extents, delta, false)) {
            Manifest before = ManifestStore.read(root, chunks.fetcher());
            return ManifestStore.write(Sealer.seal(before, (DeltaVolume) backend.volume(), sink, THREADS), sink);
        }
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
