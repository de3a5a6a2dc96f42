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
    void clonesOfABaseShareItAndGoTheirOwnWays() throws Exception {
        QemuMachine first = running("first");
        done(first.pause());
        MachineState state = done(first.saveState());
        long counter = checked(first.memory());
        Path base = dir.resolve("base.mem");
        byte[] all = new byte[MEMORY_MIB << 20];
        first.memory().read(0, all);
        Files.write(base, all);
        assertTrue(base.toFile().setWritable(false));
        List<QemuMachine> clones = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            QemuMachine clone = machine(spec("clone-" + i).withBase(base));
            clone.restoreState(state);
            clones.add(clone);
            done(clone.resume());
        }
        for (QemuMachine clone : clones) {
            awaitLog(clone.name(), "");
            done(clone.pause());
            await(
                    () -> {
                        done(clone.resume());
                        done(clone.pause());
                        return clone.memory().getU32(COUNTER) > counter;
                    },
                    () -> clone.name() + " stands still at " + counter);
            checked(clone.memory());
        }
        assertFalse(Arrays.mismatch(all, Files.readAllBytes(base)) >= 0, "the base has changed");
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
        MachineState cut = QemuState.seal(MEMORY_MIB, 1, Arrays.copyOf(QemuState.open(MEMORY_MIB, 1, state), 2000));
        String words = refused(to, cut.bytes());
        assertTrue(words.contains("qemu-system-x86_64:"), words);
        assertThrows(CompletionException.class, () -> done(machine(spec("none")).resume()));
    }

    private static String refused(QemuMachine to, byte[] state) {
        return assertThrows(MachineException.class, () -> to.restoreState(new MachineState(state)))
                .getMessage();
    }
}
