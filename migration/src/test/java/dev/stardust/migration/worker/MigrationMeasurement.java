package dev.stardust.migration.worker;

import dev.stardust.hypervisor.machine.KvmMachine;
import dev.stardust.migration.core.RoundStats;
import dev.stardust.migration.worker.TestHost.Guest;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Run by hand: how long a guest of 256 MiB stands still, of which it writes 32 MiB over and over at 100 MiB/s, and its
 * disk at 1 MiB/s.
 */
final class MigrationMeasurement {
    private static final String COMMAND_LINE =
            "fill_mib=128 ws_mib=32 rate_mibs=100 tick_us=1000 hb_ms=100 disk_kibs=1000 disk_ws_mib=1";
    private static final int MEMORY_MIB = 256;
    private static final int ROUNDS = 5;

    private MigrationMeasurement() {}

    /** Arguments: a folder for files, hops. */
    public static void main(String[] args) throws Exception {
        Path dir = Path.of(args[0]);
        Path kernel = dir.resolve("guest.elf");
        try (InputStream guest =
                KvmMachine.class.getResourceAsStream("/dev/stardust/hypervisor/guest/test-guest.elf")) {
            Files.write(kernel, guest.readAllBytes());
        }
        try (TestHost left = new TestHost(dir.resolve("left"), new byte[2 << 20]);
                TestHost right = new TestHost(dir.resolve("right"), new byte[2 << 20])) {
            Guest guest = left.create(kernel, MEMORY_MIB, COMMAND_LINE, null);
            TestHost.await(guest.machine().resume());
            for (int hop = 0; hop < Integer.parseInt(args[1]); hop++) {
                Thread.sleep(3_000);
                Guest next = (hop % 2 == 0 ? right : left).create(null, MEMORY_MIB, COMMAND_LINE, null);
                MigrationOpsTest.Moved moved = MigrationOpsTest.move(guest, next, ROUNDS);
                report(moved);
                guest.destroy();
                guest = next;
            }
            Thread.sleep(1_000);
            List<String> beats = guest.beats();
            System.out.println(beats.get(beats.size() - 1));
        }
        System.exit(0);
    }

    private static void report(MigrationOpsTest.Moved moved) {
        for (RoundStats round : moved.rounds()) {
            System.out.println(round);
        }
        System.out.printf(
                "paused to held %.1f ms, to running %.1f ms%n",
                (moved.heldNs() - moved.pausedNs()) / 1e6, (moved.runningNs() - moved.pausedNs()) / 1e6);
    }
}
