package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.TestElf;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.machine.MachineSpec.Disk;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("kvm")
class KvmMachineTest {
    private static final long SECOND_COUNTER = 0x50000; // as in smp.S
    private static final int MEMORY_MIB = 8;

    @TempDir
    Path dir;

    private final BlockingQueue<MachineStatus> phases = new LinkedBlockingQueue<>();
    private final List<KvmMachine> machines = new ArrayList<>();

    @AfterEach
    void destroyAll() throws Exception {
        for (KvmMachine machine : machines) {
            get(machine.destroy());
        }
    }

    private KvmMachine machine(String guest) throws Exception {
        MachineSpec spec = MachineSpec.of("test", MEMORY_MIB, dir.resolve("serial.log"));
        return machine(guest == null ? spec : spec.withBoot(BootSpec.of(TestGuests.build(guest, dir), "hello world")));
    }

    private KvmMachine machine(MachineSpec spec) {
        KvmMachine machine = KvmMachine.create(spec, List.of(), phases::add);
        machines.add(machine);
        return machine;
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static String failure(CompletionStage<?> stage) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> get(stage));
        assertEquals(MachineException.class, e.getCause().getClass());
        return e.getCause().getMessage();
    }

    private MachineStatus nextPhase() throws InterruptedException {
        MachineStatus status = phases.poll(30, TimeUnit.SECONDS);
        assertTrue(status != null, "no change of phase within 30 s");
        return status;
    }

    private static long counter(KvmMachine machine, int n) {
        return new UnsafeBuffer(machine.memory().address() + TestGuests.COUNTER, 64).getLongVolatile(n * 8);
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "not within 30 s: " + what);
            Thread.sleep(1);
        }
    }

    @Test
    void guestPrintsItsCommandLineAndEnds() throws Exception {
        KvmMachine machine = machine("hello");
        assertEquals(Phase.CREATED, machine.statusNow().phase());
        get(machine.resume());
        assertEquals(Phase.RUNNING, nextPhase().phase());
        MachineStatus end = nextPhase();
        assertEquals(Phase.ENDED, end.phase());
        assertEquals("guest asked for a reset", end.reason());
        assertTrue(end.exits() > 10, end::toString);
        assertEquals("hello world\n", Files.readString(dir.resolve("serial.log")));
        assertTrue(failure(machine.resume()).contains("it has ended: guest asked for a reset"));
        assertTrue(failure(machine.pause()).contains("it has ended"));
    }

    @Test
    void tripleFaultFailsTheMachineWithExitAndRip() throws Exception {
        KvmMachine machine = machine("triplefault");
        get(machine.resume());
        nextPhase();
        MachineStatus end = nextPhase();
        assertEquals(Phase.FAILED, end.phase());
        assertTrue(end.reason().matches("KVM_EXIT_SHUTDOWN .*triple fault.* at rip 0x100001"), end.reason());
    }

    @Test
    void pausedGuestStandsStillAndResumedGuestGoesOn() throws Exception {
        KvmMachine machine = machine("counter");
        get(machine.resume());
        await("counting", () -> counter(machine, 0) > 1000);
        get(machine.pause());
        long paused = counter(machine, 0);
        assertEquals(Phase.PAUSED, machine.statusNow().phase());
        Thread.sleep(50);
        assertEquals(paused, counter(machine, 0));
        get(machine.resume());
        await("counting again", () -> counter(machine, 0) > paused);
    }

    @ParameterizedTest
    @ValueSource(strings = {"counter", "echo", "timer"})
    void noKickIsLostAtWhateverMomentItComes(String guest) throws Exception {
        KvmMachine machine = machine(guest);
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            get(machine.resume());
            long until = System.nanoTime() + random.nextInt(300_000);
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            get(machine.pause());
        }
        long before = counter(machine, 0);
        get(machine.resume());
        await("going on", () -> counter(machine, 0) > before);
        assertEquals(Phase.RUNNING, machine.statusNow().phase(), () -> machine.statusNow()
                .toString());
    }

    @Test
    void ordersInFlightAreDoneInTurn() throws Exception {
        KvmMachine machine = machine("counter");
        CompletionStage<Void> last = null;
        for (int i = 0; i < 200; i++) {
            machine.resume();
            last = machine.pause();
        }
        get(last);
        assertEquals(Phase.PAUSED, machine.statusNow().phase());
        for (int i = 0; i < 200; i++) {
            assertEquals(Phase.RUNNING, nextPhase().phase());
            assertEquals(Phase.PAUSED, nextPhase().phase());
        }
    }

    @Test
    void stateSavedInTheMiddleOfPortAndMemoryAccessesGoesOnInAnotherMachine() throws Exception {
        KvmMachine machine = machine("echo");
        for (int hop = 0; hop < 30; hop++) {
            get(machine.resume());
            KvmMachine running = machine;
            long start = counter(machine, 0);
            await("going on", () -> counter(running, 0) > start + 3);
            machine = moved(machine);
        }
        assertEquals(Phase.PAUSED, machine.statusNow().phase());
    }

    @Test
    void timerTicksOnInAnotherMachine() throws Exception {
        KvmMachine machine = machine("timer");
        for (int hop = 0; hop < 20; hop++) {
            get(machine.resume());
            KvmMachine running = machine;
            long start = counter(machine, 0);
            await("ticking", () -> counter(running, 0) > start + 5);
            assertEquals(Phase.RUNNING, machine.statusNow().phase(), () -> running.statusNow()
                    .toString());
            machine = moved(machine);
        }
    }

    private KvmMachine moved(KvmMachine from) throws Exception {
        get(from.pause());
        MachineState state = get(from.saveState());
        KvmMachine to = machine((String) null);
        new UnsafeBuffer(to.memory().address(), MEMORY_MIB << 20)
                .putBytes(0, new UnsafeBuffer(from.memory().address(), MEMORY_MIB << 20), 0, MEMORY_MIB << 20);
        to.restoreState(state);
        machines.remove(from);
        get(from.destroy());
        return to;
    }

    @Test
    void dirtyLogHasExactlyThePagesThatWereWritten() throws Exception {
        KvmMachine machine = machine("counter");
        get(machine.resume());
        await("counting, after the first walk through the page tables", () -> counter(machine, 0) > 0);
        machine.startDirtyLog();
        machine.startDirtyLog();
        DirtyBitmap dirty = DirtyBitmap.forBytes(machine.memory().sizeBytes());
        long before = counter(machine, 0);
        await("counting", () -> counter(machine, 0) > before + 1000);
        machine.memory().putU8(0x50_0123, 1); // as a device does
        machine.collectDirty(dirty);
        assertEquals(0x200, dirty.nextSet(0));
        assertEquals(0x500, dirty.nextSet(0x201));
        assertEquals(-1, dirty.nextSet(0x501));
        get(machine.pause());
        machine.collectDirty(DirtyBitmap.forBytes(machine.memory().sizeBytes()));
        dirty.clear();
        machine.collectDirty(dirty);
        assertEquals(0, dirty.cardinality());
        machine.stopDirtyLog();
        assertTrue(assertThrows(MachineException.class, () -> machine.collectDirty(dirty))
                .getMessage()
                .contains("not being logged"));
    }

    @Test
    void copyKeptUpByTheDirtyLogOfARunningGuestIsExact() throws Exception {
        KvmMachine machine = machine("dirty");
        int size = MEMORY_MIB << 20;
        UnsafeBuffer memory = new UnsafeBuffer(machine.memory().address(), size);
        UnsafeBuffer copy = new UnsafeBuffer(ByteBuffer.allocateDirect(size));
        get(machine.resume());
        machine.startDirtyLog();
        copy.putBytes(0, memory, 0, size);
        DirtyBitmap dirty = DirtyBitmap.forBytes(size);
        for (int round = 0; round <= 300; round++) {
            if (round == 300) {
                get(machine.pause());
            }
            machine.collectDirty(dirty);
            for (long page = dirty.nextSet(0); page >= 0; page = dirty.nextSet(page + 1)) {
                copy.putBytes((int) page << 12, memory, (int) page << 12, 1 << 12);
            }
            dirty.clear();
        }
        assertTrue(counter(machine, 0) > 10, "the guest did nothing");
        for (int page = 0; page < size >> 12; page++) {
            for (int at = page << 12; at < (page + 1) << 12; at += Long.BYTES) {
                assertEquals(memory.getLong(at), copy.getLong(at), "page " + page);
            }
        }
    }

    @Test
    void ramStartsFromABaseAndLeavesItAlone() throws Exception {
        KvmMachine first = machine("counter");
        get(first.resume());
        await("counting", () -> counter(first, 0) > 1000);
        get(first.pause());
        MachineState state = get(first.saveState());
        byte[] ram = new byte[MEMORY_MIB << 20];
        first.memory().read(0, ram);
        Path base = Files.write(dir.resolve("base.mem"), ram);
        for (int i = 0; i < 2; i++) {
            KvmMachine clone = machine(MachineSpec.of("clone", MEMORY_MIB, dir.resolve("clone.log"))
                    .withBase(base));
            clone.restoreState(state);
            long start = counter(first, 0);
            assertEquals(start, counter(clone, 0));
            get(clone.resume());
            await("counting on", () -> counter(clone, 0) > start + 1000);
        }
        assertArrayEquals(ram, Files.readAllBytes(base));
    }

    @Test
    void severalVcpusAreStartedByTheGuestAndPausedSavedAndRestoredTogether() throws Exception {
        MachineSpec spec =
                MachineSpec.of("smp", MEMORY_MIB, dir.resolve("serial.log")).withCpus(2, CpuTemplate.HOST);
        KvmMachine first = machine(spec.withBoot(BootSpec.of(TestGuests.build("smp", dir), "")));
        get(first.resume());
        await("both count", () -> counter(first, 0) > 1000 && first.memory().getU32(SECOND_COUNTER) > 1000);
        get(first.pause());
        long counted = counter(first, 0) + first.memory().getU32(SECOND_COUNTER);
        Thread.sleep(50);
        assertEquals(counted, counter(first, 0) + first.memory().getU32(SECOND_COUNTER), "both stand still");
        byte[] ram = new byte[MEMORY_MIB << 20];
        first.memory().read(0, ram);
        KvmMachine second = machine(spec);
        second.restoreState(get(first.saveState()));
        second.memory().write(0, ram);
        get(second.resume());
        long firstAt = counter(first, 0);
        long secondAt = first.memory().getU32(SECOND_COUNTER);
        await(
                "both count on",
                () -> counter(second, 0) > firstAt + 1000 && second.memory().getU32(SECOND_COUNTER) > secondAt + 1000);
    }

    @Test
    void damagedStateIsRefusedOrRunsAndNeverHarmsTheVmm() throws Exception {
        KvmMachine machine = machine("timer");
        get(machine.resume());
        await("ticking", () -> counter(machine, 0) > 3);
        get(machine.pause());
        byte[] good = get(machine.saveState()).bytes();
        Random random = new Random(11);
        for (int i = 0; i < 60; i++) {
            byte[] bad = good.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                bad[16 + random.nextInt(bad.length - 20)] ^= (byte) (1 << random.nextInt(8));
            }
            CRC32C crc = new CRC32C();
            crc.update(bad, 0, bad.length - 4);
            new UnsafeBuffer(bad).putInt(bad.length - 4, (int) crc.getValue());
            KvmMachine target = machine((String) null);
            try {
                target.restoreState(new MachineState(bad));
                get(target.resume());
            } catch (MachineException e) {
                assertTrue(e.getMessage().startsWith("cannot restore the state of machine test"), e.getMessage());
            }
            machines.remove(target);
            get(target.destroy());
        }
    }

    @Test
    void specThatCannotBeBuiltIsRefusedInWords() {
        Path log = dir.resolve("serial.log");
        MachineSpec good = MachineSpec.of("a", 8, log);
        assertRefused(MachineSpec.of("a", 0, log), "0 MiB");
        assertRefused(MachineSpec.of("a", 3073, log), "3073 MiB");
        assertRefused(good.withCpus(0, CpuTemplate.HOST), "0 vCPUs");
        assertRefused(good.withCpus(33, CpuTemplate.HOST), "33 vCPUs");
        assertRefused(MachineSpec.of("", 8, log), "name");
        assertRefused(good.withDisks(List.of(new Disk("d", false))), "1 disks are specified, 0 given");
        assertRefused(good.withBoot(BootSpec.of(dir.resolve("no"), "")), "cannot read the kernel");
        assertRefused(good.withBase(dir.resolve("no")), "base");
        assertRefused(MachineSpec.of("a", 8, dir.resolve("no").resolve("log")), "serial log");
    }

    @Test
    void kernelOrCommandLineThatDoesNotFitIsRefused() throws Exception {
        Path kernel = dir.resolve("large.elf");
        Files.write(kernel, TestElf.of(0x10_0000, new byte[4], 8 << 20));
        MachineSpec spec = MachineSpec.of("a", 8, dir.resolve("serial.log"));
        assertRefused(spec.withBoot(BootSpec.of(kernel, "")), "memory has only 8 MiB");
        Path small = TestGuests.build("hello", dir);
        assertRefused(spec.withBoot(BootSpec.of(small, "x".repeat(2048))), "command line");
        assertRefused(spec.withBoot(BootSpec.of(small, "a\nb")), "printable ASCII");
    }

    private static void assertRefused(MachineSpec spec, String told) {
        String text = assertThrows(MachineException.class, () -> KvmMachine.create(spec, List.of(), s -> {}))
                .getMessage();
        assertTrue(text.contains("cannot build machine") && text.contains(told), text);
    }

    @Test
    void nothingIsLeftOpenByMachinesThatCameAndWent() throws Exception {
        for (int i = 0; i < 3; i++) {
            cycle();
        }
        long descriptors = descriptors();
        for (int i = 0; i < 20; i++) {
            cycle();
            assertRefused(
                    MachineSpec.of("a", 8, dir.resolve("l")).withBoot(BootSpec.of(dir.resolve("no"), "")), "kernel");
        }
        assertTrue(descriptors() <= descriptors + 2, descriptors + " descriptors before, " + descriptors() + " after");
    }

    private void cycle() throws Exception {
        KvmMachine machine = machine("counter");
        get(machine.resume());
        machines.remove(machine);
        get(machine.destroy());
    }

    private static long descriptors() throws Exception {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    @Test
    void stateOfAnotherKindOfMachineIsRefused() throws Exception {
        KvmMachine machine = machine("counter");
        get(machine.resume());
        get(machine.pause());
        MachineState state = get(machine.saveState());
        KvmMachine larger = machine(MachineSpec.of("larger", 16, dir.resolve("larger.log")));
        String text = assertThrows(MachineException.class, () -> larger.restoreState(state))
                .getMessage();
        assertTrue(text.contains("8 MiB") && text.contains("16 MiB"), text);
        assertTrue(failure(larger.resume()).contains("no kernel, and no state"));
        assertTrue(assertThrows(MachineException.class, () -> machine.restoreState(state))
                .getMessage()
                .contains("has run already"));
    }

    @Test
    void operationsOutOfTurnAreRefusedInWords() throws Exception {
        KvmMachine machine = machine("counter");
        assertTrue(failure(machine.pause()).contains("cannot pause machine test: it has not been started"));
        assertTrue(failure(machine.saveState()).contains("it is not paused"));
        get(machine.destroy());
        get(machine.destroy());
        assertTrue(failure(machine.resume()).contains("it was destroyed"));
        assertEquals(Phase.ENDED, machine.statusNow().phase());
    }
}
