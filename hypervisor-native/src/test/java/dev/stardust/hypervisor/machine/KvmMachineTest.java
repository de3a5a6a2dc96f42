package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.machine.MachineStatus.Phase;
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
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KvmMachineTest {
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
        Path kernel = guest == null ? null : TestGuests.build(guest, dir);
        return machine(new MachineSpec(
                "test", MEMORY_MIB, 1, kernel, "hello world", null, dir.resolve("serial.log"), List.of()));
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
        assertTrue(
                Files.readString(dir.resolve("serial.log")).matches("hello world tsc_khz=[1-9][0-9]+\n"),
                () -> "serial log");
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
        assertEquals(Phase.CREATED, machine.statusNow().phase());
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
    void stateOfAnotherKindOfMachineIsRefused() throws Exception {
        KvmMachine machine = machine("counter");
        get(machine.resume());
        get(machine.pause());
        MachineState state = get(machine.saveState());
        KvmMachine larger =
                machine(new MachineSpec("larger", 16, 1, null, "", null, dir.resolve("larger.log"), List.of()));
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
