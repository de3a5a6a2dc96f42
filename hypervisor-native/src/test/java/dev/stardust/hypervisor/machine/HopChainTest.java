package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Saves a running guest and restores it in another process, many times in a chain. {@code -Dstardust.hops=N} sets the
 * length.
 */
@Tag("kvm")
class HopChainTest {
    private static final int HOPS = Integer.getInteger("stardust.hops", 20);
    private static final Pattern HEARTBEAT =
            Pattern.compile("hb n=(\\d+) .* wrote_mib=(\\d+) ws_pass=\\d+ checked=(\\d+) errors=(\\d+)"
                    + " disk_wrote=(\\d+) disk_checked=(\\d+) disk_errors=(\\d+)");

    @TempDir
    Path dir;

    @Test
    void guestThatLivesByTimerInterruptsGoesOnFromProcessToProcess() throws Exception {
        Path kernel = TestGuests.build("timer", dir);
        try (HopProcess one = new HopProcess(dir, 8);
                HopProcess two = new HopProcess(dir, 8)) {
            HopProcess here = one;
            here.order("boot " + kernel + " none");
            long ticks = 0;
            long wakeUps = 0;
            for (int hop = 0; hop < HOPS; hop++) {
                awaitTicks(here, ticks + 5);
                String[] saved = here.order("save hop" + hop % 2);
                assertEquals("PAUSED", saved[0]);
                assertTrue(Long.parseLong(saved[1]) >= ticks + 5);
                assertTrue(Long.parseLong(saved[2]) > wakeUps);
                ticks = Long.parseLong(saved[1]);
                wakeUps = Long.parseLong(saved[2]);
                here = here == one ? two : one;
                String[] restored = here.order("restore hop" + hop % 2);
                assertTrue(Long.parseLong(restored[1]) >= ticks, "the guest went back in time");
            }
            awaitTicks(here, ticks + 5);
        }
    }

    private static void awaitTicks(HopProcess process, long ticks) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        String[] counters = process.order("counters");
        while (Long.parseLong(counters[1]) < ticks) {
            assertEquals("RUNNING", counters[0]);
            assertTrue(System.nanoTime() < deadline, "no tick within 30 s");
            Thread.sleep(1);
            counters = process.order("counters");
        }
    }

    @Test
    void guestThatChecksItsMemoryAndDiskFindsNothingWrongFromProcessToProcess() throws Exception {
        Path kernel = TestGuests.testGuest(dir);
        byte[] image = new byte[2 << 20];
        new Random(5).nextBytes(image);
        Files.write(dir.resolve("disk.img"), image);
        try (HopProcess one = new HopProcess(dir, 16);
                HopProcess two = new HopProcess(dir, 16)) {
            HopProcess here = one;
            here.order("boot " + kernel
                    + " ws_mib=4 fill_mib=2 rate_mibs=50 hb_ms=20 tick_us=500 seed=3 disk_ws_mib=1 disk_kibs=4000");
            for (int hop = 0; hop < HOPS; hop++) {
                awaitHeartbeats(here, heartbeats() + 3);
                here.order("save hop" + hop % 2);
                here = here == one ? two : one;
                here.order("restore hop" + hop % 2);
            }
            awaitHeartbeats(here, heartbeats() + 3);
        }
        String sha256 =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(image));
        assertTrue(serialLines().stream().anyMatch(line -> line.startsWith("disk sha256=" + sha256)));
        long expected = 0;
        long[] work = new long[4];
        for (String line : serialLines()) {
            assertTrue(!line.startsWith("error") && !line.startsWith("panic"), line);
            Matcher beat = HEARTBEAT.matcher(line);
            if (beat.matches()) {
                assertEquals(++expected, Long.parseLong(beat.group(1)), "a heartbeat was lost or came twice");
                assertEquals("0", beat.group(4), line);
                assertEquals("0", beat.group(7), line);
                for (int i = 0; i < work.length; i++) {
                    long now = Long.parseLong(beat.group(new int[] {2, 3, 5, 6}[i]));
                    assertTrue(now >= work[i], line);
                    work[i] = now;
                }
            }
        }
        assertTrue(expected >= 3L * HOPS, "only " + expected + " heartbeats");
        assertTrue(LongStream.of(work).allMatch(done -> done > 0), Arrays.toString(work));
    }

    private void awaitHeartbeats(HopProcess process, long count) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (heartbeats() < count) {
            String[] counters = process.order("counters");
            assertEquals("RUNNING", counters[0], () -> String.join("\n", serialLines()));
            assertTrue(
                    System.nanoTime() < deadline,
                    () -> "no heartbeat within 30 s\n" + String.join("\n", serialLines()));
            Thread.sleep(2);
        }
    }

    private long heartbeats() {
        return serialLines().stream().filter(line -> line.startsWith("hb ")).count();
    }

    private List<String> serialLines() {
        try {
            return Files.readAllLines(dir.resolve("serial.log"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
