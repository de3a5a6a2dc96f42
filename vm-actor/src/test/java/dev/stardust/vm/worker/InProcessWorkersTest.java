package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real guest in a worker that is a thread of this process. */
@Tag("kvm")
class InProcessWorkersTest {
    private static final int LIMIT_S = 60;

    @TempDir
    Path data;

    @Test
    void aWorkerHereServesAGuestAndTakesItAlongWhenItIsKilled() throws Exception {
        Workers workers;
        try (InProcessWorkers launcher = new InProcessWorkers(Map::of)) {
            workers = await(Workers.open(settings(), listener(), launcher));
            RemoteMachine machine = await(workers.create(guest(), false));
            await(machine.resume());
            assertEquals(ProcessHandle.current().pid(), machine.workerPid());
            until("a heartbeat", () -> Files.readString(log()).contains("\nhb n=2 "));
            assertTrue(hasVcpu());
        }
        assertFalse(hasVcpu(), "its vCPU still runs");
        until("the node knows", () -> workers.machine("a").isEmpty());
        workers.close();
    }

    private WorkerSettings settings() {
        return WorkerSettings.of(data.resolve("workers"), "node-1", "cluster-1", "", "", List.of());
    }

    private CreateMachine guest() throws Exception {
        Path kernel = data.resolve("guest.elf");
        try (InputStream guest =
                KvmMachine.class.getResourceAsStream("/dev/stardust/hypervisor/guest/test-guest.elf")) {
            Files.copy(guest, kernel);
        }
        return new CreateMachine(
                "a",
                1,
                16,
                Cpus.ONE,
                Boot.of(kernel.toString(), "hb_ms=100"),
                null,
                log().toString(),
                List.of(),
                Devices.NONE,
                "");
    }

    private Path log() {
        return data.resolve("serial.log");
    }

    private static void until(String what, Callable<Boolean> holds) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!holds.call()) {
            assertTrue(System.nanoTime() < end, what + " was awaited for " + LIMIT_S + " s");
            Thread.sleep(20);
        }
    }

    private static boolean hasVcpu() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(t -> t.getName().equals("vcpu0-a"));
    }

    private WorkersListener listener() {
        return new WorkersListener() {
            @Override
            public void machineChanged(MachineInfo machine) {}

            @Override
            public void machineLost(MachineInfo machine) {}
        };
    }

    private static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(LIMIT_S, TimeUnit.SECONDS).join();
    }
}
