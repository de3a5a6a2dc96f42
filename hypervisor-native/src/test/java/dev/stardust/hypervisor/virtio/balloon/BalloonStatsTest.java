package dev.stardust.hypervisor.virtio.balloon;

import static dev.stardust.hypervisor.virtio.balloon.BalloonDevice.STATS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.virtio.QueueWorker;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class BalloonStatsTest {
    private static final int SHORT_MS = 5;

    /** Entries of tag and value. */
    private static byte[] entries(long... tagsAndValues) {
        ByteBuffer bytes = ByteBuffer.allocate(tagsAndValues.length / 2 * StatsQueue.ENTRY_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < tagsAndValues.length; i += 2) {
            bytes.putShort((short) tagsAndValues[i]).putLong(tagsAndValues[i + 1]);
        }
        return bytes.array();
    }

    private static void offer(BalloonGuest guest, byte[] stats) {
        guest.chain(STATS).readable(stats);
        guest.driver.submit(STATS, 0);
    }

    @Test
    void figuresAreTakenInAnyOrderAndUnknownOnesIgnored() {
        try (BalloonGuest guest = new BalloonGuest().started()) {
            assertNull(guest.device.status().stats());
            offer(guest, entries(9, 10, 77, 5, 0, 1, 1, 2, 3, 4, 2, 3, 65535, 6, 5, 6, 4, 5, 6, 7, 8, 9));
            GuestStats stats = guest.device.status().stats();
            assertEquals(new GuestStats(stats.atMs(), 1, 2, 3, 4, 5, 6, 7, GuestStats.NOT_TOLD, 9, 10), stats);
            assertTrue(Math.abs(System.currentTimeMillis() - stats.atMs()) < 60_000);
            assertEquals(1, guest.counted("statistics"));
        }
    }

    @Test
    void bufferStaysWithTheDeviceUntilTheHostAsks() {
        try (BalloonGuest guest = new BalloonGuest().started()) {
            offer(guest, entries(4, 100));
            guest.driver.serve(STATS);
            assertEquals(0, guest.driver.usedIndex(STATS));
            assertEquals(1, guest.counted("statistics"), "read once");
        }
    }

    @Test
    void guestIsAskedAtTheInterval() throws InterruptedException {
        try (QueueWorker worker = new QueueWorker("virtio-test");
                BalloonGuest guest = new BalloonGuest(new BalloonSettings(0, true, true, SHORT_MS))) {
            worker.attach(guest.driver.transport());
            guest.driver.start();
            for (int turn = 1; turn <= 3; turn++) {
                guest.chain(STATS).readable(entries(4, turn));
                guest.driver.offer(STATS, 0);
                guest.driver.notifyDevice(STATS);
                guest.driver.awaitUsed(STATS, turn);
                assertEquals(turn, guest.device.status().stats().freeBytes());
            }
            guest.device.setStatsInterval(0);
            guest.chain(STATS).readable(entries(4, 4));
            guest.driver.offer(STATS, 0);
            guest.driver.notifyDevice(STATS);
            Thread.sleep(10 * SHORT_MS);
            assertTrue(guest.driver.usedIndex(STATS) <= 4);
            int used = guest.driver.usedIndex(STATS);
            Thread.sleep(10 * SHORT_MS);
            assertEquals(used, guest.driver.usedIndex(STATS), "never with an interval of 0");
            worker.detach(guest.driver.transport());
        }
    }

    @Test
    void moreEntriesThanThereAreTagsAreNotRead() {
        try (BalloonGuest guest = new BalloonGuest().started()) {
            byte[] many = new byte[StatsQueue.ENTRY_SIZE * (StatsQueue.MAX_ENTRIES + 1)];
            byte[] last = entries(5, 55);
            System.arraycopy(last, 0, many, many.length - last.length, last.length);
            offer(guest, many);
            assertEquals(GuestStats.NOT_TOLD, guest.device.status().stats().totalBytes());
            assertEquals(0, guest.device.status().stats().swapInBytes());
        }
    }

    @Property(tries = 200)
    void anyBytesAreTaken(@ForAll byte[] bytes) {
        try (BalloonGuest guest = new BalloonGuest().started()) {
            offer(guest, Arrays.copyOf(bytes, Math.min(bytes.length, 2000)));
            assertEquals(List.of(), guest.driver.faults());
            GuestStats stats = guest.device.status().stats();
            assertNotNull(stats);
            assertTrue(stats.freeBytes() >= GuestStats.NOT_TOLD && stats.swapInBytes() >= GuestStats.NOT_TOLD);
        }
    }
}
