package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestRoots;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.StreamData;
import dev.stardust.chunk.shared.SharedDisks;
import dev.stardust.chunk.shared.SharedView;
import dev.stardust.chunk.store.ChunkSink;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.FileOpener;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.vm.disk.DiskImages;
import dev.stardust.vm.disk.DiskOpener;
import dev.stardust.vm.disk.SharedMisses;
import dev.stardust.vm.disk.VolumeBlockBackend;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real guests on KVM in real worker processes, which are confined. */
@Tag("kvm")
class KvmWorkerTest {
    private static final long LIMIT_S = 60;

    /** vCPU and devices wait for each other all the time: 8 s where nothing else runs, over a minute on a busy machine. */
    private static final long ATTACK_LIMIT_S = 300;

    @TempDir
    Path data;

    private final BlockingQueue<MachineInfo> changed = new LinkedBlockingQueue<>();
    private final BlockingQueue<MachineInfo> lost = new LinkedBlockingQueue<>();
    private final BlockingQueue<JsonNode> misses = new LinkedBlockingQueue<>();
    private final BlockingQueue<DeviceFault> faults = new LinkedBlockingQueue<>();
    private Path kernel;
    private Workers workers;

    @BeforeEach
    void open() throws Exception {
        kernel = data.resolve("guest.elf");
        try (InputStream guest =
                KvmMachine.class.getResourceAsStream("/dev/stardust/hypervisor/guest/test-guest.elf")) {
            Files.copy(guest, kernel);
        }
        workers = openWorkers();
    }

    @AfterEach
    void endAllWorkers() throws Exception {
        await(workers.shutdown(true));
        workers.close();
    }

    @Test
    void aGuestBeatsPausesGoesOnAndIsDestroyed() throws Exception {
        RemoteMachine machine = await(workers.create(spec("a", kernel, "hb_ms=100"), false));
        assertEquals(Phase.CREATED, await(machine.status()).phase());
        await(machine.resume());
        beatsAfter("a", 2);
        assertEquals(1, vcpuThreads(machine.workerPid(), "a"));

        await(machine.pause());
        long beats = beats("a");
        MachineState state = await(machine.saveState());
        assertTrue(state.bytes().length > 0);
        assertEquals(beats, beats("a"));
        RemoteMachine copy = await(workers.create(spec("copy", null, "hb_ms=100"), false));
        await(copy.restoreState(state));
        MachineException damaged = assertThrows(
                MachineException.class, () -> await(copy.restoreState(new MachineState(new byte[] {1, 2, 3}))));
        assertTrue(damaged.getMessage().contains("copy"), damaged.getMessage());

        await(machine.resume());
        beatsAfter("a", beats + 2);
        assertTrue(serial("a").contains("errors=0"), serial("a"));
        await(machine.destroy());
        until("the vCPU's thread is gone", () -> vcpuThreads(copy.workerPid(), "a") == 0);
        assertTrue(workers.machine("a").isEmpty());
    }

    @Test
    void aGuestReadsItsWholeDiskAndKeepsWhatItWrites() throws Exception {
        byte[] image = new byte[1 << 20];
        new Random(3).nextBytes(image);
        Path extents = folder("a").resolve("disk-0.extents");
        Path delta = folder("a").resolve("disk-0.delta");
        String sha256 = DiskImages.make(data.resolve("segments"), image, extents);
        DiskFiles disk = new DiskFiles(extents.toString(), delta.toString(), "disk0", false, DiskLimit.NONE);
        CreateMachine spec = spec("a", kernel, "hb_ms=100 disk_kibs=400 disk_ws_mib=1", disk);
        RemoteMachine machine = await(workers.create(spec, false));
        await(machine.resume());
        until("the disk was written and read back", () -> serial("a").matches("(?s).* disk_checked=[1-9][0-9]* .*"));
        assertTrue(serial("a").contains("disk sha256=" + sha256 + " bytes=1048576 "), serial("a"));
        assertFalse(serial("a").lines().anyMatch(line -> line.startsWith("error")), serial("a"));
        await(machine.destroy());
        try (DiskOpener opener = new DiskOpener(data.resolve("segments"));
                VolumeBlockBackend kept = opener.open(extents, delta, false)) {
            assertTrue(((DeltaVolume) kept.volume()).presentBlocks() > 0);
        }
    }

    @Test
    void guestsThatReadTheSameDiskShareItsMemory() throws Exception {
        byte[] image = new byte[4 << 20];
        new Random(3).nextBytes(image);
        Path memory = Files.createTempDirectory(Path.of("/dev/shm"), "stardust-test-");
        Files.createSymbolicLink(data.resolve(WorkerRuntime.SHARED), memory);
        Path extents = folder("a").resolve("disk-0.extents");
        String sha256 = DiskImages.make(data.resolve("segments"), image, extents);
        ExtentMap map = ExtentMap.open(extents);
        try (ChunkStore store = ChunkStore.open(data.resolve("segments"));
                SharedDisks shared = new SharedDisks(memory, store, 1 << 30)) {
            Manifest manifest = ManifestStore.read(map.manifest(), store);
            shared.use("a", map.manifest(), manifest);
            shared.use("b", map.manifest(), manifest);
            RemoteMachine first = readsWholeDisk("a", extents, sha256);
            until("all of the disk was missed once", () -> {
                JsonNode told = misses.poll(20, TimeUnit.MILLISECONDS);
                if (told != null) {
                    SharedMisses.pass(told, shared);
                }
                return shared.filledBytes() == image.length;
            });
            try (SharedView view = SharedView.open(memory, map.manifest(), map.sizeBytes(), map.count())
                    .orElseThrow()) {
                until("all of the disk is shared", () -> IntStream.range(0, map.count())
                        .allMatch(view::has));
            }

            RemoteMachine second = readsWholeDisk("b", extents, sha256);
            assertEquals(null, misses.poll(300, TimeUnit.MILLISECONDS));
            String mapped = map.manifest() + ".disk";
            assertTrue(Files.readString(Path.of("/proc/" + second.workerPid() + "/maps"))
                    .contains(mapped));
            await(first.destroy());
            await(second.destroy());
            assertFalse(Files.readString(Path.of("/proc/" + second.workerPid() + "/maps"))
                    .contains(mapped));
        } finally {
            Files.delete(memory);
        }
    }

    @Test
    void guestsReadTheirDisksWhileCollectionsFreeAndMoveOtherChunks() throws Exception {
        byte[] image = new byte[4 << 20];
        new Random(3).nextBytes(image);
        Path extents = folder("a").resolve("disk-0.extents");
        try (ChunkStore store = ChunkStore.open(data.resolve("segments"), 1 << 20, FileOpener.REAL)) {
            Litter litter = new Litter(store);
            ImportResult disk = imported(litter, image);
            ImportResult other = imported(litter, Arrays.copyOf(new byte[] {1, 2, 3}, 3 << 20));
            ExtentMap.write(extents, disk.manifest(), disk.root(), store);
            ExtentMap map = ExtentMap.open(extents);
            ManifestRoots roots = new ManifestRoots(() -> List.of(disk.root(), other.root()), store);
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Long> freed = CompletableFuture.supplyAsync(() -> {
                long sum = 0;
                while (!over.get()) {
                    try {
                        litter.put();
                        sum += store.collect(roots, map::holds, false).freedBytes();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
                return sum;
            });
            String writes = "hb_ms=100 disk_kibs=400 disk_ws_mib=1";
            for (String vm : List.of("a", "b", "c", "d")) {
                await(readsWholeDisk(vm, writes, extents, disk.sha256()).destroy());
            }
            over.set(true);
            assertTrue(await(freed) > 1 << 20, "nothing was freed meanwhile");

            // What was held could have been moved, and a guest that has the old places notices.
            assertTrue(store.collect(roots, segment -> false, false).movedBytes() >= image.length);
            RemoteMachine late = await(workers.create(spec("e", kernel, "hb_ms=100", files("e", extents)), false));
            await(late.resume());
            until("its disk fails", () -> serial("e").contains("error"));
        }
    }

    private static ImportResult imported(ChunkSink sink, byte[] image) throws IOException {
        return new ImageImporter(sink)
                .importImage(new StreamData("test", new ByteArrayInputStream(image), 0), true, Progress.NONE);
    }

    /** Puts a chunk that nothing needs before each that it is given. */
    private record Litter(ChunkStore store) implements ChunkSink {
        @Override
        public int put(ChunkId id, ByteBuffer raw) throws IOException {
            put();
            return store.put(id, raw);
        }

        void put() throws IOException {
            byte[] garbage = new byte[16 << 10];
            ThreadLocalRandom.current().nextBytes(garbage);
            store.put(ByteBuffer.wrap(garbage));
        }

        @Override
        public void sync() throws IOException {
            store.sync();
        }
    }

    private RemoteMachine readsWholeDisk(String vm, Path extents, String sha256) throws Exception {
        return readsWholeDisk(vm, "hb_ms=100", extents, sha256);
    }

    private DiskFiles files(String vm, Path extents) throws IOException {
        Path own = folder(vm).resolve("disk-0.extents");
        if (!own.equals(extents)) {
            Files.copy(extents, own);
        }
        Path delta = folder(vm).resolve("disk-0.delta");
        return new DiskFiles(own.toString(), delta.toString(), "disk0", false, DiskLimit.NONE);
    }

    private RemoteMachine readsWholeDisk(String vm, String commandLine, Path extents, String sha256) throws Exception {
        RemoteMachine machine = await(workers.create(spec(vm, kernel, commandLine, files(vm, extents)), false));
        await(machine.resume());
        until("the disk was read", () -> serial(vm).contains("disk sha256=" + sha256));
        return machine;
    }

    @Test
    void aGuestGoesOnWithoutItsNodeAndIsFoundAgain() throws Exception {
        RemoteMachine machine = await(workers.create(spec("a", kernel, "hb_ms=100"), false));
        await(machine.resume());
        workers.close();
        beatsAfter("a", beats("a") + 3);

        workers = openWorkers();
        RemoteMachine found = workers.machine("a").orElseThrow();
        assertEquals(Phase.RUNNING, await(found.status()).phase());
        await(found.destroy());
    }

    @Test
    void aGuestThatEndsByItselfIsReported() throws Exception {
        RemoteMachine machine = await(workers.create(spec("a", kernel, "run_s=1"), false));
        await(machine.resume());
        MachineInfo info;
        do {
            info = changed.poll(LIMIT_S, TimeUnit.SECONDS);
        } while (info != null && info.phase() == Phase.RUNNING);
        assertEquals(Phase.ENDED, info.phase());
        assertFalse(info.reason().isEmpty());
        assertTrue(serial("a").contains("bye errors=0"), serial("a"));
        await(machine.destroy());
    }

    @Test
    void aGuestThatAttacksItsDevicesIsToldOfAndHarmsNobodyElse() throws Exception {
        RemoteMachine other = await(workers.create(spec("other", kernel, "hb_ms=100"), false));
        await(other.resume());
        DiskFiles disk = disk("attacker", "disk-0", false);
        Devices devices = new Devices(List.of(), true, null, true, disk("attacker", "cd", true), true);
        String words = "hb_ms=100 disk_read=0 attack_steps=10000 seed="
                + Integer.getInteger("attack.seed", new Random().nextInt(1 << 30));
        RemoteMachine attacker = await(workers.create(spec("attacker", kernel, words, devices, disk), false));
        assertEquals(other.workerPid(), attacker.workerPid());
        await(attacker.resume());
        until("the attack is over: " + words, ATTACK_LIMIT_S, () -> {
            String told = serial("attacker");
            assertFalse(told.contains("panic"), words + "\n" + told);
            return told.matches("(?s).*attack over steps=10000 stops=[1-9].*");
        });

        DeviceFault first = faults.poll(LIMIT_S, TimeUnit.SECONDS);
        assertEquals("attacker", first.vm());
        assertTrue(first.message().contains("stopped until its driver resets it: "), first.message());
        List<DeviceReport> reports = await(attacker.devices());
        assertEquals(
                List.of("disk 0", "rng", "balloon", "cd", "console"),
                reports.stream().map(DeviceReport::name).toList());
        assertTrue(reports.stream().allMatch(report -> report.faults() > 0), reports.toString());
        long told =
                reports.stream().filter(r -> r.name().equals(first.device())).count();
        assertEquals(1, told, first.device());

        beatsAfter("attacker", beats("attacker") + 3);
        beatsAfter("other", beats("other") + 3);
        for (String vm : List.of("attacker", "other")) {
            assertFalse(
                    serial(vm).lines().anyMatch(line -> line.matches("(error|panic).*")), words + "\n" + serial(vm));
            assertTrue(serial(vm).contains(" errors=0 "), serial(vm));
        }
    }

    @Test
    void aNetworkWithoutATapIsAConnectionToASocketAsLongAsTheMachineLives() throws Exception {
        Path socket = folder("a").resolve("network.sock");
        Devices.Nic nic = new Devices.Nic(null, socket.toString(), "02:53:44:00:01:02", 1500, 0);
        Devices devices = new Devices(List.of(nic), false, null, false, null, false);
        try (ServerSocketChannel passt = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            passt.bind(UnixDomainSocketAddress.of(socket));
            RemoteMachine machine = await(workers.create(spec("a", kernel, "hb_ms=100", devices), true));
            try (SocketChannel connection = passt.accept()) {
                await(machine.resume());
                beatsAfter("a", 2);
                await(machine.destroy());
                assertEquals(-1, connection.read(ByteBuffer.allocate(1)));
            }
        }
        WorkerException refused = assertThrows(
                WorkerException.class, () -> await(workers.create(spec("b", kernel, "hb_ms=100", devices), true)));
        assertTrue(refused.getMessage().contains("passt"), refused.getMessage());
    }

    @Test
    void aKilledWorkerTakesItsGuestsAndNoOther() throws Exception {
        RemoteMachine victim = await(workers.create(spec("victim", kernel, "hb_ms=100"), true));
        RemoteMachine other = await(workers.create(spec("other", kernel, "hb_ms=100"), true));
        await(victim.resume());
        await(other.resume());
        assertEquals(
                0,
                new ProcessBuilder("kill", "-9", Long.toString(victim.workerPid()))
                        .start()
                        .waitFor());
        MachineInfo gone = lost.poll(LIMIT_S, TimeUnit.SECONDS);
        assertEquals("victim", gone.vm());
        assertEquals(Phase.FAILED, gone.phase());
        assertTrue(gone.reason().startsWith("worker process " + victim.workerPid() + " died"), gone.reason());
        assertEquals(0, vcpuThreads(victim.workerPid(), "victim"));
        beatsAfter("other", beats("other") + 2);
    }

    @Test
    void aMachineThatCannotBeMadeIsToldAndLeavesNothing() throws Exception {
        MachineFailure noKernel = failure(spec("a", Path.of("none.elf"), ""));
        assertTrue(noKernel.message().contains("none.elf"), noKernel.message());
        RemoteMachine machine = await(workers.create(spec("a", kernel, "hb_ms=100"), false));
        await(machine.resume());
        beatsAfter("a", 1);
    }

    private record MachineFailure(String message) {}

    private MachineFailure failure(CreateMachine spec) {
        WorkerException e = assertThrows(WorkerException.class, () -> await(workers.create(spec, false)));
        assertEquals(WorkerException.Code.MACHINE, e.code());
        return new MachineFailure(e.getMessage());
    }

    private DiskFiles disk(String vm, String name, boolean readOnly) throws IOException {
        byte[] image = new byte[1 << 20];
        Path extents = folder(vm).resolve(name + ".extents");
        DiskImages.make(data.resolve("segments"), image, extents);
        return new DiskFiles(
                extents.toString(), folder(vm).resolve(name + ".delta").toString(), name, readOnly, DiskLimit.NONE);
    }

    private CreateMachine spec(String vm, Path kernel, String commandLine, DiskFiles... disks) throws IOException {
        return spec(vm, kernel, commandLine, Devices.NONE, disks);
    }

    private CreateMachine spec(String vm, Path kernel, String commandLine, Devices devices, DiskFiles... disks)
            throws IOException {
        return new CreateMachine(
                vm,
                1,
                32,
                Cpus.ONE,
                kernel == null ? null : Boot.of(inFolder(vm, kernel).toString(), commandLine),
                null,
                folder(vm).resolve("serial.log").toString(),
                List.of(disks),
                devices,
                "");
    }

    private Path folder(String vm) throws IOException {
        return Files.createDirectories(data.resolve("vms").resolve(vm));
    }

    /** A worker reads no kernel that lies elsewhere. */
    private Path inFolder(String vm, Path kernel) throws IOException {
        Path copy = folder(vm).resolve(kernel.getFileName());
        return Files.exists(kernel) ? Files.copy(kernel, copy, StandardCopyOption.REPLACE_EXISTING) : copy;
    }

    private Workers openWorkers() throws Exception {
        WorkerSettings settings = new WorkerSettings(
                data.resolve("workers"),
                "node-1",
                "cluster-1",
                System.getProperty("java.class.path"),
                KvmWorkerMain.class.getName(),
                List.of(),
                50,
                Duration.ofSeconds(LIMIT_S),
                Duration.ofSeconds(LIMIT_S),
                true);
        return await(Workers.open(settings, new WorkersListener() {
            @Override
            public void machineChanged(MachineInfo machine) {
                changed.add(machine);
            }

            @Override
            public void deviceFaulted(DeviceFault fault) {
                faults.add(fault);
            }

            @Override
            public void machineLost(MachineInfo machine) {
                lost.add(machine);
            }

            @Override
            public void workerEvent(String workerId, String name, JsonNode body) {
                assertEquals(SharedMisses.EVENT, name);
                misses.add(body);
            }
        }));
    }

    private String serial(String vm) throws IOException {
        Path log = folder(vm).resolve("serial.log");
        return Files.exists(log) ? Files.readString(log) : "";
    }

    private long beats(String vm) throws IOException {
        return serial(vm).lines().filter(line -> line.startsWith("hb n=")).count();
    }

    private void beatsAfter(String vm, long atLeast) throws Exception {
        until(vm + " beats", () -> beats(vm) >= atLeast);
    }

    private void until(String what, Callable<Boolean> holds) throws Exception {
        until(what, LIMIT_S, holds);
    }

    private void until(String what, long limitS, Callable<Boolean> holds) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitS);
        while (!holds.call()) {
            assertTrue(System.nanoTime() < end, what + " was awaited for " + limitS + " s");
            Thread.sleep(20);
        }
    }

    private static long vcpuThreads(long pid, String vm) throws IOException {
        Path tasks = Path.of("/proc/" + pid + "/task");
        if (!Files.exists(tasks)) {
            return 0;
        }
        try (Stream<Path> list = Files.list(tasks)) {
            return list.filter(task -> comm(task).equals("vcpu0-" + vm)).count();
        }
    }

    private static String comm(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return ""; // The thread ended meanwhile.
        }
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture()
                    .orTimeout(LIMIT_S, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }
}
