package dev.stardust.vm.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineSpec;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real processes of QEMU, whose guest counts. */
class QemuMachineTest {
    private static final int MEMORY_MIB = 16;
    private static final long COUNTER = 0x20_0000;
    private static final long PAGES = 0x40_0000;

    @TempDir
    Path dir;

    private final List<QemuMachine> machines = new ArrayList<>();
    private final BlockingQueue<MachineStatus> phases = new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> processes = new LinkedBlockingQueue<>();

    @AfterEach
    void destroyMachines() {
        for (QemuMachine machine : machines) {
            done(machine.destroy());
        }
    }

    private static <T> T done(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private MachineSpec spec(String name) throws IOException {
        Path folder = Files.createDirectories(dir.resolve(name));
        return MachineSpec.of(name, MEMORY_MIB, folder.resolve("serial.log"))
                .withConsole(folder.resolve("console.sock"));
    }

    private QemuMachine machine(MachineSpec spec) throws IOException {
        QemuSpec whole = new QemuSpec(spec, spec.serialLog().getParent(), List.of(), true, true, null);
        QemuHost host = new QemuHost(Accelerator.TCG, Blake3::hashPages, processes::add);
        QemuMachine machine = QemuMachine.create(whole, List.of(), null, phases::add, host);
        machines.add(machine);
        return machine;
    }

    private MachineSpec counting(String name) throws Exception {
        return spec(name).withBoot(BootSpec.of(CountingGuest.build(dir), ""));
    }

    private QemuMachine running(String name) throws Exception {
        QemuMachine machine = machine(counting(name));
        done(machine.resume());
        awaitLog(name, "ready");
        return machine;
    }

    private void awaitLog(String name, String text) throws Exception {
        await(() -> log(name).contains(text), () -> "'" + text + "' in: " + log(name));
    }

    private String log(String name) {
        try {
            return Files.readString(dir.resolve(name).resolve("serial.log"));
        } catch (IOException e) {
            return "";
        }
    }

    private static void await(BooleanSupplier until, java.util.function.Supplier<String> what) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!until.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, what);
            Thread.sleep(5);
        }
    }

    private MachineStatus awaitEnd() throws Exception {
        while (true) {
            MachineStatus status = phases.poll(60, TimeUnit.SECONDS);
            assertNotEquals(null, status, "the machine tells nothing");
            if (status.phase() == Phase.ENDED || status.phase() == Phase.FAILED) {
                return status;
            }
        }
    }

    private void type(String name, String text) throws IOException {
        try (SocketChannel channel =
                SocketChannel.open(UnixDomainSocketAddress.of(dir.resolve(name).resolve("console.sock")))) {
            channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        }
    }

    /** The counter's pages hold the last numbers, each in its place: nothing was lost or is of another time. */
    private static long checked(GuestMemory memory) {
        long counter = memory.getU32(COUNTER);
        for (long n = Math.max(1, counter - 255); n < counter; n++) {
            assertEquals(n, memory.getU32(PAGES + ((n & 255) << 12)), "page of " + n + " at " + counter);
        }
        return counter;
    }

    private static void copy(DirtyBitmap pages, GuestMemory from, GuestMemory to) {
        byte[] page = new byte[DirtyBitmap.PAGE_SIZE];
        for (long p = pages.nextSet(0); p >= 0; p = pages.nextSet(p + 1)) {
            from.read(p << DirtyBitmap.PAGE_SHIFT, page);
            to.write(p << DirtyBitmap.PAGE_SHIFT, page);
        }
    }

    @Test
    void aGuestRunsStandsStillAndGoesOn() throws Exception {
        QemuMachine machine = running("a");
        done(machine.pause());
        long counter = checked(machine.memory());
        assertEquals(counter, machine.memory().getU32(COUNTER));
        done(machine.resume());
        await(() -> machine.memory().getU32(COUNTER) > counter, () -> "the guest stands still at " + counter);
        type("a", "x");
        awaitLog("a", "x\n");
    }

    @Test
    void aGuestGoesOnElsewhereWithWhatWasCopiedWhileItRan() throws Exception {
        QemuMachine from = running("from");
        QemuMachine to = machine(spec("to"));
        DirtyBitmap dirty = DirtyBitmap.forBytes(from.memory().sizeBytes());
        from.startDirtyLog();
        for (int round = 0; round < 3; round++) {
            dirty.clear();
            long before = from.memory().getU32(COUNTER);
            await(() -> from.memory().getU32(COUNTER) > before, () -> "the guest stands still");
            from.collectDirty(dirty);
            assertTrue(dirty.get(COUNTER >> DirtyBitmap.PAGE_SHIFT), "round " + round);
            copy(dirty, from.memory(), to.memory());
        }
        done(from.pause());
        MachineState state = done(from.saveState());
        dirty.clear();
        from.collectDirty(dirty);
        copy(dirty, from.memory(), to.memory());
        long counter = checked(from.memory());
        to.restoreState(state);
        assertEquals(Phase.PAUSED, to.statusNow().phase());
        assertEquals(counter, checked(to.memory()));
        done(to.resume());
        await(() -> to.memory().getU32(COUNTER) > counter + 1000, () -> "the guest stands still there");
        done(to.pause());
        checked(to.memory());
        // The first one may still be taken back.
        done(from.resume());
        await(() -> from.memory().getU32(COUNTER) > counter, () -> "the guest stands still here");
    }

    @Test
    void aGuestThatStandsStillIsSavedAgainAndAfterItWentOnAsItIsThen() throws Exception {
        QemuMachine from = running("from");
        done(from.pause());
        MachineState state = done(from.saveState());
        assertEquals(state, done(from.saveState()));
        DirtyBitmap all = DirtyBitmap.forBytes(from.memory().sizeBytes());
        from.memory().addTouched(all);
        QemuMachine to = machine(spec("to"));
        copy(all, from.memory(), to.memory());
        long counter = checked(from.memory());
        to.restoreState(state);
        // One that has not gone on yet can be saved too.
        done(to.saveState());
        goesOn(to, counter);
        goesOn(from, counter);
        done(from.pause());
        assertNotEquals(state, done(from.saveState()));
        goesOn(from, checked(from.memory()));
    }

    @Test
    void clonesOfABaseShareItAndGoTheirOwnWays() throws Exception {
        Based based = base();
        byte[] all = Files.readAllBytes(based.base());
        List<QemuMachine> clones = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            clones.add(clone("clone-" + i, based));
        }
        for (QemuMachine clone : clones) {
            pausedAfter(clone, based.counter());
        }
        assertFalse(Arrays.mismatch(all, Files.readAllBytes(based.base())) >= 0, "the base has changed");
    }

    @Test
    void aCloneThatIsSavedGoesOnAsAnotherCloneAndInMemoryOfItsOwn() throws Exception {
        Based based = base();
        QemuMachine clone = clone("clone", based);
        long counter = pausedAfter(clone, based.counter() + 1000);
        MachineState state = done(clone.saveState());
        assertTrue(state.bytes().length < 4 << 20, () -> "a state of " + state.bytes().length + " bytes");
        byte[] saved = new byte[MEMORY_MIB << 20];
        clone.memory().read(0, saved);
        byte[] old = Files.readAllBytes(based.base());
        assertNotEquals(-1, Arrays.mismatch(old, saved));

        Path next = Files.write(dir.resolve("next.mem"), saved);
        QemuMachine again = machine(spec("again").withBase(next));
        again.restoreState(state);
        goesOn(again, counter);

        // As a migration does: memory of its own that starts as the base, and the pages that differ.
        QemuMachine moved = machine(spec("moved").withBase(based.base()));
        DirtyBitmap pages = DirtyBitmap.forBytes(clone.memory().sizeBytes());
        clone.startDirtyLog();
        clone.collectDirty(pages);
        assertTrue(pages.cardinality() < pages.pages() / 2, () -> pages.cardinality() + " pages");
        copy(pages, clone.memory(), moved.memory());
        byte[] there = new byte[MEMORY_MIB << 20];
        moved.memory().read(0, there);
        assertEquals(-1, Arrays.mismatch(saved, there));
        moved.restoreState(state);
        goesOn(moved, counter);

        // Saving it did not end it.
        goesOn(clone, counter);
    }

    @Test
    void aCloneIsCopiedWhileItRuns() throws Exception {
        Based based = base();
        QemuMachine from = clone("from", based);
        QemuMachine to = machine(spec("to").withBase(based.base()));
        DirtyBitmap dirty = DirtyBitmap.forBytes(from.memory().sizeBytes());
        from.startDirtyLog();
        from.memory().addTouched(dirty);
        for (int round = 0; round < 3; round++) {
            from.collectDirty(dirty);
            copy(dirty, from.memory(), to.memory());
            dirty.clear();
            long before = from.memory().getU32(COUNTER);
            await(
                    () -> {
                        from.collectDirty(dirty);
                        return from.memory().getU32(COUNTER) > before;
                    },
                    () -> "the guest stands still");
            assertTrue(dirty.get(COUNTER >> DirtyBitmap.PAGE_SHIFT), "round " + round);
        }
        done(from.pause());
        MachineState state = done(from.saveState());
        from.collectDirty(dirty);
        copy(dirty, from.memory(), to.memory());
        long counter = checked(from.memory());
        to.restoreState(state);
        assertEquals(counter, checked(to.memory()));
        goesOn(to, counter);
    }

    private record Based(Path base, MachineState state, long counter) {}

    /** A base made of a guest that has counted a while. */
    private Based base() throws Exception {
        QemuMachine first = running("first");
        done(first.pause());
        MachineState state = done(first.saveState());
        long counter = checked(first.memory());
        Path base = dir.resolve("base.mem");
        byte[] all = new byte[MEMORY_MIB << 20];
        first.memory().read(0, all);
        Files.write(base, all);
        assertTrue(base.toFile().setWritable(false));
        return new Based(base, state, counter);
    }

    private QemuMachine clone(String name, Based based) throws Exception {
        QemuMachine clone = machine(spec(name).withBase(based.base()));
        clone.restoreState(based.state());
        done(clone.resume());
        return clone;
    }

    /** Where a clone's guest, which is seen when it stands still, has counted to. */
    private static long pausedAfter(QemuMachine clone, long counter) throws Exception {
        await(
                () -> {
                    done(clone.resume());
                    done(clone.pause());
                    return clone.memory().getU32(COUNTER) > counter;
                },
                () -> clone.name() + " stands still at " + counter);
        return checked(clone.memory());
    }

    private static void goesOn(QemuMachine machine, long counter) throws Exception {
        assertEquals(Phase.PAUSED, machine.statusNow().phase());
        assertEquals(counter, checked(machine.memory()));
        pausedAfter(machine, counter + 1000);
    }

    @Test
    void aGuestThatAsksForAResetHasEndedAndOneThatPanicsHasFailed() throws Exception {
        running("reset");
        type("reset", "r");
        MachineStatus end = awaitEnd();
        assertEquals(Phase.ENDED, end.phase());
        assertEquals("guest asked for a reset", end.reason());
        running("panic");
        type("panic", "p");
        MachineStatus panic = awaitEnd();
        assertEquals(Phase.FAILED, panic.phase());
        assertEquals("guest panicked", panic.reason());
    }

    @Test
    void aQemuThatDiesIsToldAtOnceAndOneThatIsDestroyedIsGone() throws Exception {
        running("killed");
        ProcessHandle.of(processes.take()).orElseThrow().destroyForcibly();
        MachineStatus end = awaitEnd();
        assertEquals(Phase.FAILED, end.phase());
        assertEquals("QEMU ended of signal 9", end.reason());
        QemuMachine machine = running("destroyed");
        long pid = processes.take();
        done(machine.destroy());
        assertFalse(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
        try (var left = Files.list(dir.resolve("destroyed"))) {
            assertEquals(
                    List.of("preload.so", "serial.log"),
                    left.map(p -> p.getFileName().toString()).sorted().toList());
        }
    }

    @Test
    void whatQemuCannotStartIsToldInItsWords() throws Exception {
        MachineSpec spec = spec("bad").withBoot(BootSpec.of(Files.write(dir.resolve("no-kernel"), new byte[100]), ""));
        String text = assertThrows(IOException.class, () -> machine(spec)).getMessage();
        assertTrue(text.startsWith("QEMU did not start: ") && text.contains("kernel"), text);
    }

    @Test
    void aStateThatIsDamagedOrOfAnotherMachineIsRefused() throws Exception {
        QemuMachine from = running("from");
        done(from.pause());
        MachineState state = done(from.saveState());
        byte[] damaged = state.bytes().clone();
        damaged[damaged.length / 2] ^= 1;
        QemuMachine to = machine(spec("to"));
        assertTrue(refused(to, damaged).contains("damaged"), refused(to, damaged));
        assertTrue(refused(to, new byte[7]).contains("not of QEMU"));
        QemuState kind = new QemuState(MEMORY_MIB, 1, Accelerator.TCG);
        MachineState cut = kind.seal(Arrays.copyOf(kind.open(state), 2000));
        String words = refused(to, cut.bytes());
        assertTrue(words.contains("qemu-system-x86_64:"), words);
        assertThrows(CompletionException.class, () -> done(machine(spec("none")).resume()));
    }

    private static String refused(QemuMachine to, byte[] state) {
        return assertThrows(MachineException.class, () -> to.restoreState(new MachineState(state)))
                .getMessage();
    }
}
