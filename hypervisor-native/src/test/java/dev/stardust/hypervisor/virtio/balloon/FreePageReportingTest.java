package dev.stardust.hypervisor.virtio.balloon;

import static dev.stardust.hypervisor.virtio.balloon.BalloonGuest.PAGE;
import static dev.stardust.hypervisor.virtio.balloon.BalloonGuest.RAM_BYTES;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.MemoryUse;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FreePageReportingTest {
    private static final long VERSION_1 = 1L << 32;
    private static final long START = 4 << 20;
    private static final int START_PAGE = (int) (START / PAGE);
    private static final long BYTES = 8 << 20;

    private final BalloonGuest guest = new BalloonGuest();

    @AfterEach
    void close() {
        guest.close();
    }

    private void report(int queue, long address, long bytes) {
        guest.chain(queue).buffer(address, bytes, TestGuest.WRITE);
        guest.driver.submit(queue, 0);
    }

    /** Drivers differ in which of them is the queue when hints are not offered. */
    @ParameterizedTest
    @ValueSource(ints = {3, 4})
    void reportedRangesGoBackToTheHost(int queue) throws IOException {
        guest.started();
        for (int page = 0; page < BYTES / PAGE; page++) {
            guest.mark(START_PAGE + page);
        }
        report(queue, START + BYTES, 0);
        long before = MemoryUse.of(guest.memory).residentBytes();
        report(queue, START, BYTES);
        guest.turnsUntilUsed(queue, 2);
        assertEquals(BYTES, before - MemoryUse.of(guest.memory).residentBytes());
        assertEquals(BYTES, guest.counted("report.bytes"));
        assertEquals(BYTES, guest.counted("freed.bytes"));
    }

    @Test
    void withoutStatisticsTheirQueueIsTheReportingQueue() {
        guest.driver.start(VERSION_1 | BalloonDevice.F_PAGE_REPORTING);
        guest.mark(START_PAGE);
        report(2, START, PAGE);
        assertEquals(1, guest.driver.usedIndex(2));
        assertFalse(guest.isMarked(START_PAGE));
    }

    @Test
    void queueOfADriverThatDidNotAskForItIsNotServed() {
        guest.driver.start(VERSION_1 | BalloonDevice.F_STATS_VQ);
        guest.mark(START_PAGE);
        report(3, START, PAGE);
        assertEquals(0, guest.driver.usedIndex(3));
        assertTrue(guest.isMarked(START_PAGE));
    }

    @Test
    void pagesThatAreToKeepAPoisonAreLeftAlone() {
        guest.started();
        guest.writeConfig(12, 0xaaaa_aaaa);
        guest.mark(START_PAGE);
        report(4, START, PAGE);
        assertEquals(1, guest.driver.usedIndex(4));
        assertTrue(guest.isMarked(START_PAGE));
        assertEquals(0, guest.counted("freed.bytes"));
    }

    @Test
    void pagesInitializedToZeroAreZero() {
        guest.started();
        guest.writeConfig(12, 0);
        guest.mark(START_PAGE);
        report(4, START, PAGE);
        assertFalse(guest.isMarked(START_PAGE));
    }

    @Test
    void poisonThatWasNotAgreedOnDoesNotMatter() {
        guest.driver.start(VERSION_1 | BalloonDevice.F_STATS_VQ | BalloonDevice.F_PAGE_REPORTING);
        guest.writeConfig(12, 0xaaaa_aaaa);
        guest.mark(START_PAGE);
        report(4, START, PAGE);
        assertFalse(guest.isMarked(START_PAGE));
    }

    @Test
    void partsOfPagesAreLeftAlone() {
        guest.started();
        for (int page = 0; page < 4; page++) {
            guest.mark(START_PAGE + page);
        }
        report(4, START + 1, 3 * PAGE);
        assertTrue(guest.isMarked(START_PAGE) && guest.isMarked(START_PAGE + 3));
        assertFalse(guest.isMarked(START_PAGE + 1) || guest.isMarked(START_PAGE + 2));
    }

    @Test
    void readableBuffersAreNoReport() {
        guest.started();
        guest.mark(START_PAGE);
        guest.mark(START_PAGE + 1);
        guest.chain(4).buffer(START, PAGE, 0).buffer(START + PAGE, PAGE, TestGuest.WRITE);
        guest.driver.submit(4, 0);
        assertEquals(1, guest.driver.usedIndex(4));
        assertTrue(guest.isMarked(START_PAGE));
        assertFalse(guest.isMarked(START_PAGE + 1));
    }

    @Test
    void mostOfRamEightTimesInOneRequestIsServedInTurns() {
        guest.started();
        TestChain chain = guest.chain(4);
        for (int i = 0; i < TestChain.MAX_LENGTH; i++) {
            chain.buffer(1 << 20, RAM_BYTES - (1 << 20), TestGuest.WRITE);
        }
        guest.driver.submit(4, 0);
        assertEquals(0, guest.driver.usedIndex(4), "not in one turn");
        guest.turnsUntilUsed(4, 1);
        assertEquals(8 * (RAM_BYTES - (1 << 20)), guest.counted("report.bytes"));
    }

    @Test
    void rangeOutsideOfRamFaults() {
        guest.started();
        report(4, RAM_BYTES - PAGE, 2 * PAGE);
        assertEquals(1, guest.driver.faults().size());
        assertTrue(guest.driver.faults().get(0).contains("is not in RAM"));
    }
}
