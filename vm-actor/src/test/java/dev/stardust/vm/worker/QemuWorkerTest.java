package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.vm.disk.BaseExport;
import dev.stardust.vm.disk.DiskImages;
import dev.stardust.vm.qemu.Accelerator;
import dev.stardust.vm.qemu.CountingGuest;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes of QEMU below real worker processes, which are confined. */
class QemuWorkerTest {
    private static final long LIMIT_S = 60;
    private static final int MEMORY_MIB = 16;

    @TempDir
    Path data;

    private final BlockingQueue<MachineInfo> changed = new LinkedBlockingQueue<>();
    private final BlockingQueue<MachineInfo> lost = new LinkedBlockingQueue<>();
    private Path kernel;
    private Workers workers;

    @BeforeEach
    void open() throws Exception {
        kernel = CountingGuest.build(data);
        workers = await(Workers.open(settings(), new WorkersListener() {
            @Override
            public void machineChanged(MachineInfo machine) {
                changed.add(machine);
            }

            @Override
            public void machineLost(MachineInfo machine) {
                lost.add(machine);
            }
        }));
    }

    @AfterEach
    void endAllWorkers() throws Exception {
        await(workers.shutdown(true));
        workers.close();
    }

    private WorkerSettings settings() {
        return new WorkerSettings(
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
    }

    private CreateMachine spec(String vm, Path boot, Path base, DiskFiles... disks) throws IOException {
        Path folder = Files.createDirectories(data.resolve("vms").resolve(vm));
        Path copy = boot == null ? null : Files.copy(boot, folder.resolve("kernel"));
        return new CreateMachine(
                vm,
                1,
                MEMORY_MIB,
                Cpus.ONE,
                copy == null ? null : Boot.of(copy.toString(), ""),
                base == null ? null : base.toString(),
                folder.resolve("serial.log").toString(),
                List.of(disks),
                Devices.NONE,
                Accelerator.TCG,
                "");
    }

    private String serial(String vm) {
        try {
            return Files.readString(data.resolve("vms").resolve(vm).resolve("serial.log"));
        } catch (IOException e) {
            return "";
        }
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
    }

    private static void until(String what, BooleanSupplier holds) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!holds.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "not within " + LIMIT_S + " s: " + what);
            Thread.sleep(20);
        }
    }

    /** The QEMU of a VM, wherever it is in the tree of processes. */
    private static Stream<ProcessHandle> qemus(String vm) {
        return ProcessHandle.allProcesses().filter(p -> commandLine(p.pid()).contains("\0-name\0" + vm + ","));
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void aGuestRunsBesideADiskAndIsGoneWhenItIsDestroyed() throws Exception {
        byte[] image = new byte[1 << 20];
        new Random(3).nextBytes(image);
        Path folder = Files.createDirectories(data.resolve("vms").resolve("a"));
        Path extents = folder.resolve("disk-0.extents");
        DiskImages.make(data.resolve("segments"), image, extents);
        DiskFiles disk = new DiskFiles(
                extents.toString(), folder.resolve("disk-0.delta").toString(), "disk0", false, DiskLimit.NONE);
        RemoteMachine machine = await(workers.start(spec("a", kernel, null, disk), true));
        until("the guest is ready", () -> serial("a").contains("ready"));
        assertEquals(Phase.RUNNING, await(machine.status()).phase());
        assertEquals("disk 0", await(machine.devices()).get(0).name());
        await(machine.pause());
        assertTrue(await(machine.saveState()).bytes().length > 1000);
        await(machine.destroy());
        assertEquals(0, qemus("a").count());
    }

    @Test
    void noQemuOutlivesItsWorkerAndOneThatDiesIsTold() throws Exception {
        RemoteMachine killed = await(workers.start(spec("killed", kernel, null), true));
        until("QEMU runs", () -> qemus("killed").count() == 1);
        ProcessHandle.of(killed.workerPid()).orElseThrow().destroyForcibly();
        until("QEMU is gone with its worker", () -> qemus("killed").count() == 0);
        assertEquals("killed", lost.poll(LIMIT_S, TimeUnit.SECONDS).vm());

        await(workers.start(spec("dies", kernel, null), true));
        qemus("dies").forEach(ProcessHandle::destroyForcibly);
        until("its end is told", () -> changed.stream()
                .anyMatch(m -> m.vm().equals("dies")
                        && m.phase() == Phase.FAILED
                        && m.reason().equals("QEMU ended of signal 9")));
    }

    @Test
    void clonesStartFromABaseThatTheyCannotWrite() throws Exception {
        RemoteMachine first = await(workers.start(spec("first", kernel, null), true));
        until("the guest is ready", () -> serial("first").contains("ready"));
        await(first.pause());
        MachineState state = await(first.saveState());
        Path out = data.resolve("vms").resolve("first").resolve("base");
        await(first.request(
                BaseExport.OP,
                new BaseExport.Request(out.toString(), data.resolve("segments").toString()),
                Duration.ofSeconds(LIMIT_S)));
        Path base = Files.createDirectories(data.resolve("bases")).resolve("b.mem");
        Files.move(out.resolve(BaseExport.MEMORY), base);
        byte[] before = Files.readAllBytes(base);
        for (String name : List.of("one", "two")) {
            RemoteMachine clone = await(workers.create(spec(name, null, base), true));
            await(clone.restoreState(state));
            await(clone.resume());
            assertEquals(Phase.RUNNING, await(clone.status()).phase());
        }
        Thread.sleep(200);
        assertFalse(Arrays.mismatch(before, Files.readAllBytes(base)) >= 0, "the base has changed");
        // A page of the base that neither wrote is one for both.
        long shared = qemus("one").mapToLong(p -> sharedOf(p.pid(), base)).sum();
        assertTrue(shared > 0, "QEMU shares " + shared + " KiB of the base");
    }

    /** KiB of that file's mapping that other processes have mapped too, by proc(5). */
    private static long sharedOf(long pid, Path file) {
        try {
            String maps = Files.readString(Path.of("/proc/" + pid + "/smaps"), StandardCharsets.ISO_8859_1);
            String mine = maps.substring(maps.indexOf(file.toString()));
            String field = mine.substring(mine.indexOf("Shared_Clean:")).split("\\s+", 3)[1];
            return Long.parseLong(field);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
