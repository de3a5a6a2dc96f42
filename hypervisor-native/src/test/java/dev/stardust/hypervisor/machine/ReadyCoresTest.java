package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.kvm.CpuTemplate;
import dev.stardust.hypervisor.machine.MachineCore.Shape;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("kvm")
class ReadyCoresTest {
    private static final Shape SMALL = new Shape(8, null, 1, CpuTemplate.HOST);
    private static final Shape LARGE = new Shape(16, null, 2, CpuTemplate.HOST);
    private static final long DEADLINE_MS = 30_000;

    @TempDir
    Path dir;

    private final ReadyCores cores = new ReadyCores(1);

    @AfterEach
    void close() {
        cores.close();
    }

    private void awaitReady(Shape shape) throws InterruptedException {
        long start = System.nanoTime();
        while (!cores.isReady(shape)) {
            assertTrue(System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(DEADLINE_MS), "none became ready");
            Thread.sleep(1);
        }
    }

    @Test
    void coreOfTheShapeThatWasAskedForLastIsReady() throws Exception {
        assertFalse(cores.isReady(SMALL));
        cores.take(SMALL).close();
        awaitReady(SMALL);
        try (MachineCore core = cores.take(SMALL)) {
            assertEquals(SMALL, core.shape());
            assertEquals(8 << 20, core.memory().sizeBytes());
        }
        try (MachineCore core = cores.take(LARGE)) {
            assertEquals(2, core.cpus().all().size());
        }
        awaitReady(LARGE);
        assertFalse(cores.isReady(SMALL), "one is kept, not one of each shape");
    }

    @Test
    void coreOnABaseIsMadeWhenItIsAskedFor() throws Exception {
        Path base = Files.write(dir.resolve("base"), new byte[8 << 20]);
        Shape onBase = new Shape(8, base, 1, CpuTemplate.HOST);
        cores.take(onBase).close();
        cores.take(SMALL).close();
        awaitReady(SMALL);
        assertFalse(cores.isReady(onBase));
    }

    @Test
    void shapeThatCannotBeMadeIsRefusedAndKeepsNothingFromWorking() throws Exception {
        assertThrows(RuntimeException.class, () -> cores.take(new Shape(-1, null, 1, CpuTemplate.HOST)));
        cores.take(SMALL).close();
        awaitReady(SMALL);
    }

    @Test
    void onceClosedItMakesWhatItIsAskedForAndKeepsNothing() throws Exception {
        cores.take(SMALL).close();
        awaitReady(SMALL);
        cores.close();
        cores.take(SMALL).close();
        assertFalse(cores.isReady(SMALL));
    }

    @Test
    void guestsOfReadyCoresRunLikeOthersAndSeeNothingOfEachOther() throws Exception {
        BootSpec boot = BootSpec.of(TestGuests.build("counter", dir), "hello world");
        for (int i = 0; i < 3; i++) {
            Path log = dir.resolve("log" + i);
            MachineSpec spec = MachineSpec.of("ready" + i, 8, log).withBoot(boot);
            KvmMachine machine = KvmMachine.create(spec, List.of(), List.of(), status -> {}, cores);
            machine.resume().toCompletableFuture().get(DEADLINE_MS, TimeUnit.MILLISECONDS);
            assertEquals(Phase.RUNNING, machine.statusNow().phase());
            awaitReady(SMALL);
            machine.pause().toCompletableFuture().get(DEADLINE_MS, TimeUnit.MILLISECONDS);
            try (MachineCore next = cores.take(SMALL)) {
                byte[] ram = new byte[8 << 20];
                next.memory().read(0, ram);
                for (byte b : ram) {
                    assertEquals(0, b);
                }
            }
            awaitReady(SMALL);
            machine.destroy().toCompletableFuture().get(DEADLINE_MS, TimeUnit.MILLISECONDS);
        }
    }
}
