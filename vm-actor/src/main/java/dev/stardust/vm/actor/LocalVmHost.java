package dev.stardust.vm.actor;

import dev.stardust.chunk.actor.ChunkNode;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.manifest.PageRuns;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.vm.file.SealedJson;
import dev.stardust.vm.worker.CreateMachine;
import dev.stardust.vm.worker.DiskFiles;
import dev.stardust.vm.worker.RemoteMachine;
import dev.stardust.vm.worker.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link VmHost} on the node's data folder: {@code vms/NAME} holds a VM's record, extent maps, what it wrote to its
 * disks and its serial output; {@code bases/ID.mem} the RAM that clones share.
 */
public final class LocalVmHost implements VmHost {
    private static final Logger LOG = LoggerFactory.getLogger(LocalVmHost.class);

    private final Path data;
    private final ChunkStore store;
    private final ChunkNode chunks;
    private final Workers workers;
    private final Executor blocking;

    /**
     * A host.
     *
     * @param data the node's data folder
     * @param blocking where files may be read and written and chunks waited for
     */
    public LocalVmHost(Path data, ChunkStore store, ChunkNode chunks, Workers workers, Executor blocking) {
        this.data = data;
        this.store = store;
        this.chunks = chunks;
        this.workers = workers;
        this.blocking = blocking;
    }

    @Override
    public CompletionStage<Void> save(VmRecord record) {
        return run(() -> {
            Files.createDirectories(folder(record.name()));
            if (record.state() == VmState.INCOMING) {
                Files.deleteIfExists(markFile(record.name()));
            }
            SealedJson.write(recordFile(record.name()), VmRecord.KIND, VmRecord.VERSION, record);
            return null;
        });
    }

    @Override
    public CompletionStage<Void> markStarted(String vm) {
        return run(() -> {
            Files.write(markFile(vm), new byte[0]);
            return null;
        });
    }

    @Override
    public CompletionStage<Optional<VmRecord>> find(String vm) {
        return run(() -> Files.exists(recordFile(vm)) ? Optional.of(read(vm)) : Optional.empty());
    }

    private VmRecord read(String vm) throws IOException {
        return SealedJson.read(recordFile(vm), VmRecord.KIND, VmRecord.VERSION, VmRecord.class)
                .found(BootId.current(), Files.exists(markFile(vm)));
    }

    @Override
    public CompletionStage<RemoteMachine> boot(VmRecord record) {
        ResolvedSpec spec = record.spec();
        return run(() -> spec.base() == null ? kernel(spec) : null)
                .thenCompose(kernel -> prepare(record, "", kernel))
                .thenCompose(machine -> spec.base() == null
                        ? CompletableFuture.completedFuture(machine)
                        : state(spec.state()).thenCompose(machine::restoreState).thenApply(done -> machine));
    }

    @Override
    public CompletionStage<RemoteMachine> incoming(VmRecord record, String tag) {
        return prepare(record, tag, null);
    }

    private CompletionStage<RemoteMachine> prepare(VmRecord record, String tag, String kernel) {
        ResolvedSpec spec = record.spec();
        return run(() -> new CreateMachine(
                        record.name(),
                        record.epoch(),
                        spec.memoryMib(),
                        1,
                        kernel,
                        spec.args(),
                        spec.memory() == null ? null : base(spec.memory()).toString(),
                        folder(record.name()).resolve("serial.log").toString(),
                        disks(record),
                        tag))
                .thenCompose(create -> workers.create(create, spec.strict()));
    }

    private String kernel(ResolvedSpec spec) throws IOException {
        if (spec.kernel() == null) {
            return TestGuest.extract(data.resolve("run")).toString();
        }
        if (!Files.isReadable(Path.of(spec.kernel()))) {
            throw new IOException("kernel " + spec.kernel() + " cannot be read on this host: copy it there");
        }
        return spec.kernel();
    }

    private List<DiskFiles> disks(VmRecord record) throws IOException {
        List<DiskFiles> disks = new ArrayList<>();
        for (int i = 0; i < record.spec().disks().size(); i++) {
            ResolvedSpec.Disk disk = record.spec().disks().get(i);
            Path extents = folder(record.name()).resolve("disk-" + i + ".extents");
            ChunkId root = ChunkId.ofHex(disk.manifest());
            ExtentMap.write(extents, fetched(root), root, store);
            disks.add(new DiskFiles(
                    extents.toString(),
                    folder(record.name()).resolve("disk-" + i + ".delta").toString(),
                    "disk-" + i,
                    disk.readOnly()));
        }
        return disks;
    }

    /** The manifest under this root, with all its chunks in the local store. */
    private Manifest fetched(ChunkId root) throws IOException {
        Manifest manifest = ManifestStore.read(root, chunks.fetcher());
        Set<ChunkId> ids = new HashSet<>();
        for (int i = 0; i < manifest.count(); i++) {
            ids.add(manifest.id(i));
        }
        chunks.fetcher().fetch(ids).toCompletableFuture().join();
        return manifest;
    }

    /** The file with a base's RAM, made when it is not there; clones map it privately and so share it. */
    private synchronized Path base(String memory) throws IOException {
        Path file = baseFile(memory);
        if (!Files.exists(file)) {
            Files.createDirectories(file.getParent());
            PageRuns.materialise(fetched(ChunkId.ofHex(memory)), chunks.fetcher(), file);
        }
        return file;
    }

    Path baseFile(String memory) {
        return data.resolve("bases").resolve(memory + ".mem");
    }

    private CompletionStage<MachineState> state(String id) {
        return run(() -> new MachineState(chunks.fetcher().fetch(ChunkId.ofHex(id))));
    }

    @Override
    public CompletionStage<Void> delete(String vm) {
        return run(() -> {
            // The record goes first: a folder without one is nobody's.
            Files.deleteIfExists(recordFile(vm));
            deleteTree(folder(vm));
            return null;
        });
    }

    private static void deleteTree(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> paths = Files.walk(folder)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }

    /**
     * Removes folders of VMs of which nothing is written down: a process that is killed while it deletes a VM leaves one.
     * Blocks; to be called once, before anybody works with this host's VMs.
     *
     * @param running names of the VMs that workers hold, which keep theirs
     */
    public void removeLeftovers(Set<String> running) throws IOException {
        for (Path folder : folders()) {
            String vm = folder.getFileName().toString();
            if (!Files.exists(recordFile(vm)) && !running.contains(vm)) {
                LOG.info("removing what is left of VM {}", vm);
                deleteTree(folder);
            }
        }
    }

    private List<Path> folders() throws IOException {
        Path vms = data.resolve("vms");
        if (!Files.isDirectory(vms)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(vms)) {
            return folders.filter(Files::isDirectory).toList();
        }
    }

    /** What is kept of all VMs, by name. A record that cannot be read is left alone and reported in the log. */
    public CompletionStage<Map<String, VmRecord>> records() {
        return run(() -> {
            Map<String, VmRecord> found = new TreeMap<>();
            for (Path folder : folders()) {
                read(folder.getFileName().toString(), found);
            }
            return found;
        });
    }

    private void read(String vm, Map<String, VmRecord> into) {
        if (!Files.exists(recordFile(vm))) {
            return;
        }
        try {
            into.put(vm, read(vm));
        } catch (IOException e) {
            LOG.error("VM {} cannot be taken up: {}", vm, e.getMessage());
        }
    }

    Path folder(String vm) {
        return data.resolve("vms").resolve(vm);
    }

    private Path recordFile(String vm) {
        return folder(vm).resolve("vm.json");
    }

    /** There once the guest of a VM that came by a migration was about to run. */
    private Path markFile(String vm) {
        return folder(vm).resolve("started");
    }

    /** Something that may block and fail. */
    private interface Work<T> {
        T run() throws IOException;
    }

    private <T> CompletionStage<T> run(Work<T> work) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return work.run();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e.getMessage(), e);
                    }
                },
                blocking);
    }
}
