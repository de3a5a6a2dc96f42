package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a migration does to a machine, without the wire: memory is copied while the guest and its disk write it, the rest
 * in a pause, and the copy goes on. The guest checks every page it reads back.
 */
@Tag("kvm")
class LiveCopyTest {
    private static final int MEMORY_MIB = 24;
    private static final int HOPS = 8;
    private static final int ROUNDS = 4;

    @TempDir
    Path dir;

    @Test
    void guestThatWritesMemoryAndDiskFindsNothingWrongInItsLiveCopy() throws Exception {
        Files.write(dir.resolve("disk.img"), new byte[2 << 20]);
        KvmMachine machine = create(TestGuests.testGuest(dir));
        get(machine.resume());
        for (int hop = 0; hop < HOPS; hop++) {
            awaitHeartbeats(machine, heartbeats().size() + 2);
            machine = liveCopy(machine);
            get(machine.resume());
        }
        awaitHeartbeats(machine, heartbeats().size() + 2);
        get(machine.destroy());
        for (String line : Files.readAllLines(dir.resolve("serial.log"))) {
            assertTrue(!line.startsWith("error") && !line.startsWith("panic"), line);
        }
        for (String beat : heartbeats()) {
            assertTrue(beat.contains(" errors=0 ") && beat.endsWith(" disk_errors=0"), beat);
        }
        String last = heartbeats().get(heartbeats().size() - 1);
        assertTrue(!last.contains(" wrote_mib=0 ") && !last.contains(" disk_checked=0 "), last);
    }

    private KvmMachine create(Path kernel) throws IOException {
        MachineSpec spec = MachineSpec.of("live", MEMORY_MIB, dir.resolve("serial.log"))
                .withDisks(List.of(new MachineSpec.Disk("live", false)));
        if (kernel != null) {
            spec = spec.withBoot(
                    BootSpec.of(kernel, "ws_mib=8 rate_mibs=200 disk_ws_mib=1 disk_kibs=8000 hb_ms=20 tick_us=500"));
        }
        return KvmMachine.create(spec, List.of(new FileDisk(dir.resolve("disk.img"))), status -> {});
    }

    private KvmMachine liveCopy(KvmMachine from) throws Exception {
        KvmMachine to = create(null);
        DirtyBitmap dirty = DirtyBitmap.forBytes(from.memory().sizeBytes());
        from.startDirtyLog();
        dirty.setAll();
        for (int round = 0; round < ROUNDS; round++) {
            copy(from.memory(), to.memory(), dirty);
            from.collectDirty(dirty);
        }
        get(from.pause());
        from.collectDirty(dirty);
        copy(from.memory(), to.memory(), dirty);
        to.restoreState(get(from.saveState()));
        get(from.destroy());
        return to;
    }

    private static void copy(GuestMemory from, GuestMemory to, DirtyBitmap dirty) {
        dirty.forEachRun((first, count) -> {
            long at = first << DirtyBitmap.PAGE_SHIFT;
            int length = (int) count << DirtyBitmap.PAGE_SHIFT;
            to.write(at, new UnsafeBuffer(from.checkedAddress(at, length), length), 0, length);
        });
        dirty.clear();
    }

    /** Those that are complete: a machine may be stopped in the middle of a line. */
    private List<String> heartbeats() throws IOException {
        return Files.readString(dir.resolve("serial.log"))
                .lines()
                .filter(line -> line.matches("hb .* disk_errors=\\d+"))
                .toList();
    }

    private void awaitHeartbeats(KvmMachine machine, int count) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!Files.exists(dir.resolve("serial.log")) || heartbeats().size() < count) {
            MachineStatus status = machine.statusNow();
            assertTrue(status.phase() == Phase.RUNNING && System.nanoTime() < deadline, status::toString);
            Thread.sleep(2);
        }
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
}
