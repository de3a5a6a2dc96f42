package dev.stardust.hypervisor.virtio.balloon;

import static dev.stardust.hypervisor.virtio.balloon.BalloonDevice.DEFLATE;
import static dev.stardust.hypervisor.virtio.balloon.BalloonDevice.INFLATE;
import static dev.stardust.hypervisor.virtio.balloon.BalloonGuest.FIRST_FREE_PAGE;
import static dev.stardust.hypervisor.virtio.balloon.BalloonGuest.PAGE;
import static dev.stardust.hypervisor.virtio.balloon.BalloonGuest.PAGES;
import static dev.stardust.hypervisor.virtio.balloon.BalloonGuest.RAM_BYTES;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.MemoryUse;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BalloonDeviceTest {
    private static final int INTERRUPT_STATUS = 0x60;
    private static final int STATUS = 0x70;
    private static final int NEEDS_RESET = 64;

    private final BalloonGuest guest = new BalloonGuest().started();

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void pagesPutIntoTheBalloonGoBackToTheHost() throws IOException {
        int[] pages = IntStream.range(FIRST_FREE_PAGE, PAGES).toArray();
        for (int page : pages) {
            guest.mark(page);
        }
        guest.give(DEFLATE, pages);
        long before = MemoryUse.of(guest.memory).residentBytes();
        for (int from = 0; from < pages.length; from += 256) {
            guest.give(INFLATE, Arrays.copyOfRange(pages, from, from + 256));
        }
        assertEquals(pages.length / 256, guest.driver.usedIndex(INFLATE));
        long freed = before - MemoryUse.of(guest.memory).residentBytes();
        assertEquals((long) pages.length * PAGE, freed);
        assertEquals(freed, guest.counted("inflate.bytes"));
        assertEquals(freed, guest.counted("freed.bytes"));
        assertFalse(guest.isMarked(FIRST_FREE_PAGE));
        guest.mark(FIRST_FREE_PAGE);
        assertTrue(guest.isMarked(FIRST_FREE_PAGE), "a page can be used again without a word");
    }

    @Test
    void pagesInAnyOrderAndMoreThanOnceAreGivenBackTogether() {
        List<Integer> numbers = new ArrayList<>();
        for (int page = 1000; page < 1030; page++) {
            guest.mark(page);
            numbers.add(page);
            numbers.add(page);
        }
        Collections.shuffle(numbers, new Random(3));
        guest.mark(999);
        guest.mark(1030);
        guest.give(INFLATE, numbers.stream().mapToInt(Integer::intValue).toArray());
        assertEquals(1, guest.driver.usedIndex(INFLATE));
        for (int page = 1000; page < 1030; page++) {
            assertFalse(guest.isMarked(page));
        }
        assertTrue(guest.isMarked(999) && guest.isMarked(1030));
        assertEquals(30L * PAGE, guest.counted("inflate.bytes"));
    }

    @Test
    void pageOutsideOfRamFaults() {
        guest.mark(1000);
        guest.give(INFLATE, 1000, PAGES);
        assertEquals(
                List.of("virtio device 5 stopped until its driver resets it: queue 0: the balloon is given page "
                        + PAGES + " of a RAM of " + PAGES + " pages"),
                guest.driver.faults());
        assertTrue((guest.driver.readRegister(STATUS) & NEEDS_RESET) != 0);
        assertTrue(guest.isMarked(1000));
        guest.driver.faults().clear();
        emptyRings();
        guest.driver.start();
        guest.give(INFLATE, -1);
        assertTrue(guest.driver.faults().get(0).contains("page 4294967295 of"));
    }

    private void emptyRings() {
        for (int queue = 0; queue < BalloonDevice.QUEUES; queue++) {
            guest.memory.write(TestGuest.available(queue), new byte[4]);
            guest.memory.write(TestGuest.used(queue), new byte[4]);
        }
    }

    @Test
    void requestOfMillionsOfPagesIsServedInShortTurns() {
        int numbers = 1 << 18;
        int[] pages = IntStream.range(0, numbers).map(i -> 3000 + i % 1000).toArray();
        long at = 0x10_0000;
        guest.memory.write(at, BalloonGuest.numbers(pages));
        TestChain chain = guest.chain(INFLATE);
        for (int i = 0; i < 8; i++) {
            chain.buffer(at, numbers * 4L, 0);
        }
        guest.driver.offer(INFLATE, 0);
        guest.driver.serve(INFLATE);
        assertEquals(0, guest.driver.usedIndex(INFLATE), "not in one turn");
        guest.give(DEFLATE, 1);
        assertEquals(1, guest.driver.usedIndex(DEFLATE), "others are served meanwhile");
        int turns = guest.turnsUntilUsed(INFLATE, 1);
        assertTrue(turns > 8 * numbers / 256 / 32, turns + " turns");
        assertEquals(List.of(), guest.driver.faults());
    }

    @Test
    void requestOfNoPageIsAnswered() {
        guest.give(INFLATE);
        guest.chain(INFLATE).readable(new byte[3]);
        guest.driver.submit(INFLATE, 0);
        guest.chain(INFLATE).writable(64);
        guest.driver.submit(INFLATE, 0);
        assertEquals(3, guest.driver.usedIndex(INFLATE));
        assertEquals(0, guest.counted("inflate.bytes"));
    }

    @Test
    void deflatedPagesAreCounted() {
        guest.give(DEFLATE, 1000, 1001, -1);
        assertEquals(1, guest.driver.usedIndex(DEFLATE));
        assertEquals(3L * PAGE, guest.counted("deflate.bytes"));
    }

    @Test
    void newTargetIsToldToTheDriver() {
        guest.driver.interrupt().drain();
        int generation = guest.driver.readRegister(0xfc);
        guest.device.setTarget(5 * PAGE + 17);
        assertEquals(5, guest.config(0));
        assertTrue(guest.driver.interrupt().drain());
        assertEquals(2, guest.driver.readRegister(INTERRUPT_STATUS) & 2);
        assertEquals(generation + 1, guest.driver.readRegister(0xfc));
        guest.writeConfig(4, 3);
        assertEquals(new BalloonStatus(5 * PAGE, 3 * PAGE, null), guest.device.status());
        guest.device.setTarget(RAM_BYTES);
        assertEquals(PAGES, guest.config(0));
    }

    @Test
    void impossibleTargetsAndIntervalsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> guest.device.setTarget(RAM_BYTES + PAGE));
        assertThrows(IllegalArgumentException.class, () -> guest.device.setTarget(-1));
        assertThrows(IllegalArgumentException.class, () -> guest.device.setStatsInterval(-1));
        BalloonSettings tooMuch = new BalloonSettings(RAM_BYTES + PAGE, true, true, 0);
        assertThrows(IllegalArgumentException.class, () -> new BalloonDevice(RAM_BYTES, tooMuch));
        assertEquals(0, guest.config(0));
    }

    @Test
    void featuresAreThoseOfTheSettings() {
        long all = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5;
        assertEquals(all, guest.device.features());
        try (BalloonDevice plain = new BalloonDevice(RAM_BYTES, new BalloonSettings(0, false, false, 0))) {
            assertEquals(1 << 1 | 1 << 4, plain.features());
        }
    }

    @Test
    void resetForgetsWhatTheDriverSaidAndKeepsTheTarget() {
        guest.device.setTarget(7 * PAGE);
        guest.writeConfig(4, 6);
        guest.writeConfig(12, 0xaa);
        guest.driver.writeRegister(STATUS, 0);
        assertEquals(7, guest.config(0));
        assertEquals(0, guest.config(4));
        assertEquals(0, guest.config(12));
        assertNull(guest.device.status().stats());
    }

    @Test
    void restoredBalloonGoesOn() {
        guest.device.setTarget(7 * PAGE);
        guest.writeConfig(4, 6);
        guest.writeConfig(12, 0xaa);
        guest.driver.transport().pause();
        byte[] state = guest.driver.transport().save();
        try (BalloonGuest other = new BalloonGuest()) {
            byte[] ram = new byte[(int) RAM_BYTES];
            guest.memory.read(0, ram);
            other.memory.write(0, ram);
            other.driver.transport().restore(state);
            other.driver.transport().resume();
            assertEquals(7, other.config(0));
            assertEquals(6, other.config(4));
            assertEquals(0xaa, other.config(12));
            other.mark(1000);
            other.give(INFLATE, 1000);
            assertFalse(other.isMarked(1000));
        }
    }

    @Test
    void requestUnderWayWhenItIsSavedIsServedByTheCopy() {
        int[] pages = IntStream.range(0, 512).map(i -> 1000 + 2 * i).toArray();
        for (int page : pages) {
            guest.mark(page);
        }
        guest.give(INFLATE, pages);
        assertEquals(0, guest.driver.usedIndex(INFLATE));
        guest.driver.transport().pause();
        byte[] state = guest.driver.transport().save();
        byte[] ram = new byte[(int) RAM_BYTES];
        guest.memory.read(0, ram);
        try (BalloonGuest other = new BalloonGuest()) {
            other.memory.write(0, ram);
            other.driver.transport().restore(state);
            other.driver.transport().resume();
            other.turnsUntilUsed(INFLATE, 1);
            for (int page : pages) {
                assertFalse(other.isMarked(page));
            }
        }
    }
}
