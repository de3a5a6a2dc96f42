package dev.stardust.vm.actor;

import dev.stardust.chunk.actor.ChunkNode;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.file.SealedJson;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.manifest.PageRuns;
import dev.stardust.chunk.shared.SharedDisks;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.IsoBootConfig;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.disk.IsoVolume;
import dev.stardust.vm.disk.VolumeBlockBackend;
import dev.stardust.vm.network.GuestNic;
import dev.stardust.vm.network.HostNetwork;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.Hypervisor;
import dev.stardust.vm.spec.VolumeMount;
import dev.stardust.vm.worker.CreateMachine;
import dev.stardust.vm.worker.Devices;
import dev.stardust.vm.worker.DiskFiles;
import dev.stardust.vm.worker.FileTree;
import dev.stardust.vm.worker.RemoteMachine;
import dev.stardust.vm.worker.WorkerRuntime;
import dev.stardust.vm.worker.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link VmHost} on the node's data folder: {@code records/NAME} holds what the node keeps of a VM, out of its worker's
 * reach; {@code vms/NAME} what its worker takes and makes: kernel, extent maps, what it wrote to its disks and its serial
 * output; {@code bases/ID.mem} the RAM that clones share; {@code volumes/NAME} the disks that outlive VMs.
 */
public final class LocalVmHost implements VmHost {
    private static final Logger LOG = LoggerFactory.getLogger(LocalVmHost.class);

    private static final String VMS = "vms";
    private static final String RECORDS = "records";

    /** Where host programs reach a guest's sockets, in its folder. */
    private static final String VSOCK = "vsock.sock";

    private static final String CD = "cd";

    /** Fits a frame of the worker's protocol. */
    private static final long MAX_STATE_BYTES = 15 << 20;

    /** Of Debian's package seabios. */
    private static final String SEABIOS = "/usr/share/seabios/bios-256k.bin";

    private final Path data;
    private final ChunkStore store;
    private final ChunkNode chunks;
    private final Workers workers;
    private final HostNetwork network;
    private final SharedDisks shared;
    private final Hypervisors hypervisors;
    private final LinuxFiles linuxFiles;
    private final HostVolumes volumes;
    private final Executor blocking;

    /**
     * A host.
     *
     * @param data the node's data folder
     * @param blocking where files may be read and written, programs run and chunks waited for
     */
    public LocalVmHost(
            Path data,
            ChunkStore store,
            ChunkNode chunks,
            Workers workers,
            HostNetwork network,
            SharedDisks shared,
            Hypervisors hypervisors,
            Executor blocking) {
        this.data = data;
        this.store = store;
        this.chunks = chunks;
        this.workers = workers;
        this.network = network;
        this.shared = shared;
        this.hypervisors = hypervisors;
        volumes = new HostVolumes(data.resolve(HostVolumes.FOLDER), store);
        linuxFiles = new LinuxFiles(data.resolve(WorkerRuntime.BOOT), this::bring);
        this.blocking = blocking;
    }

    @Override
    public CompletionStage<Void> save(VmRecord record) {
        return run(() -> {
            Files.createDirectories(folder(record.name()));
            Files.createDirectories(recordFolder(record.name()));
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
        return spec.base() == null
                ? run(() -> create(record, "", true)).thenCompose(create -> workers.start(create, strict(create, spec)))
                : incoming(record, "").thenCompose(machine -> restored(machine, spec));
    }

    /** Runs from that state on; a machine that does not is not kept. */
    private CompletionStage<RemoteMachine> restored(RemoteMachine machine, ResolvedSpec spec) {
        return state(spec)
                .thenCompose(machine::restoreState)
                .thenCompose(done -> machine.resume())
                .thenApply(done -> machine)
                .exceptionallyCompose(
                        failure -> machine.destroy().thenCompose(gone -> CompletableFuture.failedFuture(failure)));
    }

    @Override
    public CompletionStage<RemoteMachine> incoming(VmRecord record, String tag) {
        return run(() -> create(record, tag, false))
                .thenCompose(create -> workers.create(create, strict(create, record.spec())));
    }

    private CreateMachine create(VmRecord record, String tag, boolean boots) throws IOException {
        ResolvedSpec spec = record.spec();
        boolean qemu = hypervisors.choose(spec) == Hypervisor.QEMU;
        Devices devices = devices(record, qemu);
        Boot boot = boots ? bootFiles(record, devices) : null;
        return new CreateMachine(
                record.name(),
                record.epoch(),
                spec.memoryMib(),
                spec.cpus(),
                boot,
                spec.memory() == null ? null : base(spec.memory()).toString(),
                folder(record.name()).resolve("serial.log").toString(),
                disks(record),
                devices,
                qemu ? hypervisors.qemu().accelerator() : null,
                tag);
    }

    private static boolean strict(CreateMachine create, ResolvedSpec spec) {
        boolean ownFiles = !spec.extras().volumes().isEmpty();
        return spec.strict() || create.devices().connects() || create.qemu() != null || ownFiles;
    }

    /** With copies of the files beside the VM's others, since a worker can read no others. */
    Boot bootFiles(VmRecord record, Devices devices) throws IOException {
        Boot boot = record.spec().boot();
        if (record.spec().linux() != null) {
            return linux(record, devices);
        }
        Path folder = folder(record.name());
        if (boot.protocol() == BootSpec.Protocol.BIOS) {
            return boot.withFiles(copied("BIOS", SEABIOS, folder), null);
        }
        if (boot.kernel() == null && record.spec().extras().cd() != null) {
            return fromCd(record, folder);
        }
        String kernel =
                boot.kernel() == null ? TestGuest.extract(folder).toString() : copied("kernel", boot.kernel(), folder);
        return boot.withFiles(kernel, boot.initrd() == null ? null : copied("initrd", boot.initrd(), folder));
    }

    /** The Linux of the VM's image: these files are the same for all VMs, so no VM has a copy. */
    private synchronized Boot linux(VmRecord record, Devices devices) throws IOException {
        ResolvedSpec spec = record.spec();
        String kernel = linuxFiles.kernel(spec.linux()).toString();
        return Boot.of(kernel, LinuxWords.of(spec, address(record, devices)))
                .withFiles(kernel, linuxFiles.initrd(spec.linux()).toString());
    }

    /** What the guest's first network is, in the words of its agent. */
    private String address(VmRecord record, Devices devices) {
        if (devices.nics().isEmpty()) {
            return null;
        }
        if (devices.nics().get(0).madeByQemu()) {
            return LinuxWords.QEMU_ADDRESS;
        }
        return network.nics().stream()
                .filter(nic -> nic.vm().equals(record.name()) && nic.index() == 0 && nic.address() != null)
                .map(nic -> nic.address() + "," + nic.gateway() + "," + nic.gateway())
                .findFirst()
                .orElse(LinuxWords.DHCP);
    }

    private void bring(String manifest, Path target) throws IOException {
        PageRuns.materialise(fetched(ChunkId.ofHex(manifest)), chunks.fetcher(), target);
    }

    private Boot fromCd(VmRecord record, Path folder) throws IOException {
        DiskFiles disc = disk(record.name(), CD, disc(record.spec().extras().cd()));
        try (DiskOpener opener = new DiskOpener(data.resolve("segments"));
                VolumeBlockBackend volume = opener.open(Path.of(disc.extents()), null, true)) {
            Boot boot = record.spec().boot();
            IsoBootConfig.Extracted found =
                    IsoVolume.extract("the CD of VM " + record.name(), volume.volume(), boot.isoEntry(), folder);
            return boot.withFiles(found.kernel().toString(), Objects.toString(found.initrd(), null))
                    .withArgs(found.commandLine());
        }
    }

    private static String copied(String what, String file, Path folder) throws IOException {
        Path source = Path.of(file);
        if (!Files.isReadable(source)) {
            throw new IOException(what + " " + file + " cannot be read on this host: "
                    + (file.equals(SEABIOS) ? "install the package seabios" : "copy it there"));
        }
        return Files.copy(source, folder.resolve(what), StandardCopyOption.REPLACE_EXISTING)
                .toString();
    }

    private List<DiskFiles> disks(VmRecord record) throws IOException {
        List<DiskFiles> disks = new ArrayList<>();
        for (int i = 0; i < record.spec().disks().size(); i++) {
            ResolvedSpec.Disk disk = record.spec().disks().get(i);
            disks.add(disk(record.name(), "disk-" + i, disk));
        }
        for (VolumeMount volume : record.spec().extras().volumes()) {
            disks.add(volumes.disk(volume));
        }
        return disks;
    }

    private static ResolvedSpec.Disk disc(String manifest) {
        return new ResolvedSpec.Disk(manifest, true, DiskLimit.NONE);
    }

    private DiskFiles disk(String vm, String serial, ResolvedSpec.Disk disk) throws IOException {
        Path extents = folder(vm).resolve(serial + ".extents");
        ChunkId root = ChunkId.ofHex(disk.manifest());
        Manifest manifest = fetched(root);
        ExtentMap.write(extents, manifest, root, store);
        shared.use(vm, root, manifest);
        String delta =
                disk.readOnly() ? null : folder(vm).resolve(serial + ".delta").toString();
        return new DiskFiles(extents.toString(), delta, serial, disk.readOnly(), disk.limit());
    }

    private Devices devices(VmRecord record, boolean qemu) throws IOException {
        ResolvedSpec spec = record.spec();
        boolean vsock = !qemu && (spec.linux() != null || spec.extras().vsock());
        Extras extras = spec.extras();
        List<Devices.Nic> nics = new ArrayList<>();
        for (int i = 0; i < spec.networks().size(); i++) {
            ResolvedSpec.Nic nic = spec.networks().get(i);
            if (qemu && nic.limitMbits() != 0) {
                throw new IOException("VM " + record.name() + " has a network with a limit, which QEMU does not know:"
                        + " leave the limit out, or run it on KVM");
            }
            if (qemu && nic.bridge() == null) {
                nics.add(Devices.Nic.ofQemu(i, nic.mac(), nic.mtu(), nic.ports()));
                continue;
            }
            GuestNic made = network.attach(record.name(), i, nic.wanted(), nic.address());
            nics.add(new Devices.Nic(made.tap(), made.socket(), made.mac(), made.mtu(), nic.limitMbits()));
        }
        return new Devices(
                nics,
                extras.rng() || spec.linux() != null,
                vsock ? folder(record.name()).resolve(VSOCK).toString() : null,
                extras.balloon(),
                extras.cd() == null ? null : disk(record.name(), CD, disc(extras.cd())),
                extras.terminal());
    }

    @Override
    public String hypervisor(ResolvedSpec spec) {
        return hypervisors.describe(spec);
    }

    @Override
    public ResolvedSpec made(ResolvedSpec spec) {
        List<ResolvedSpec.Nic> nics = new ArrayList<>(spec.networks());
        for (GuestNic nic : network.nics()) {
            if (nic.vm().equals(spec.name()) && nic.index() < nics.size()) {
                nics.set(nic.index(), nics.get(nic.index()).made(nic));
            }
        }
        return spec.withNetworks(nics).on(hypervisors.choose(spec));
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

    /** See {@link BaseEntry#state}. */
    private CompletionStage<MachineState> state(ResolvedSpec spec) {
        ChunkId id = ChunkId.ofHex(spec.state());
        return run(() -> new MachineState(
                spec.hypervisor() == Hypervisor.QEMU
                        ? whole(fetched(id))
                        : chunks.fetcher().fetch(id)));
    }

    private byte[] whole(Manifest manifest) throws IOException {
        if (manifest.sizeBytes() > MAX_STATE_BYTES) {
            throw new IOException(
                    "the base's state has " + manifest.sizeBytes() + " bytes, a worker takes " + MAX_STATE_BYTES);
        }
        byte[] bytes = new byte[(int) manifest.sizeBytes()];
        for (int i = 0; i < manifest.count(); i++) {
            byte[] chunk = chunks.fetcher().fetch(manifest.id(i));
            System.arraycopy(chunk, 0, bytes, (int) manifest.offset(i), chunk.length);
        }
        return bytes;
    }

    @Override
    public CompletionStage<Void> delete(String vm) {
        return run(() -> {
            // The record goes first: a folder without one is nobody's.
            Files.deleteIfExists(recordFile(vm));
            FileTree.delete(recordFolder(vm));
            FileTree.delete(folder(vm));
            network.detach(vm);
            shared.release(vm);
            return null;
        });
    }

    @Override
    public CompletionStage<Void> deleteVolume(String volume) {
        return run(() -> {
            volumes.delete(volume);
            return null;
        });
    }

    /**
     * Removes folders of VMs of which nothing is written down: a process that is killed while it deletes a VM leaves some.
     * Blocks; to be called once, before anybody works with this host's VMs.
     *
     * @param running names of the VMs that workers hold, which keep theirs
     */
    public void removeLeftovers(Set<String> running) throws IOException {
        volumes.removeLeftovers();
        Set<String> known = new TreeSet<>(folders(RECORDS));
        known.addAll(folders(VMS));
        for (String vm : known) {
            if (!Files.exists(recordFile(vm)) && !running.contains(vm)) {
                LOG.info("removing what is left of VM {}", vm);
                FileTree.delete(recordFolder(vm));
                FileTree.delete(folder(vm));
            }
        }
    }

    /** Names of the folders in one of this host's. */
    private List<String> folders(String parent) throws IOException {
        Path all = data.resolve(parent);
        if (!Files.isDirectory(all)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(all)) {
            return folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .toList();
        }
    }

    /** What is kept of all VMs, by name. A record that cannot be read is left alone and reported in the log. */
    public CompletionStage<Map<String, VmRecord>> records() {
        return run(() -> {
            Map<String, VmRecord> found = new TreeMap<>();
            for (String vm : folders(RECORDS)) {
                read(vm, found);
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
        return data.resolve(VMS).resolve(vm);
    }

    private Path recordFolder(String vm) {
        return data.resolve(RECORDS).resolve(vm);
    }

    private Path recordFile(String vm) {
        return recordFolder(vm).resolve("vm.json");
    }

    /** There once the guest of a VM that came by a migration was about to run. */
    private Path markFile(String vm) {
        return recordFolder(vm).resolve("started");
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
