package dev.stardust.hypervisor.virtio.blk;

import static dev.stardust.hypervisor.virtio.blk.BlockGuest.*;
import static dev.stardust.hypervisor.virtio.blk.BlockRequest.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.metrics.Latency;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Limits and what a disk counts. */
class BlockLimitTest {
    private static final int UNANSWERED = 0xff;
    private static final long SECOND_NS = 1_000_000_000L;

    private static BlockGuest limited(Rate bytes, Rate operations) {
        return new BlockGuest(new BlockSettings("d", false, 2, new RateLimit(bytes, operations))).started();
    }

    @Test
    void requestBeyondTheLimitWaitsInItsQueueAndIsServedLater() {
        try (BlockGuest guest = limited(new Rate(4096, 4096, 0), Rate.UNLIMITED)) {
            assertEquals(S_OK, guest.request(T_IN, 0, 4096));
            assertEquals(UNANSWERED, guest.request(T_OUT, 0, 512));
            guest.driver.serve(0);
            assertEquals(1, guest.driver.usedIndex());
            assertEquals(2, guest.counted("throttled"));
            guest.nowNs += SECOND_NS / 8;
            guest.driver.serve(0);
            assertEquals(2, guest.driver.usedIndex());
            assertEquals(S_OK, guest.status());
        }
    }

    @Test
    void requestsThatMoveNothingCountAsOperationsOnly() {
        try (BlockGuest guest = limited(new Rate(1, 1, 0), new Rate(1, 3, 0))) {
            assertEquals(S_OK, guest.request(T_FLUSH, 0, 0));
            assertEquals(S_OK, guest.request(T_GET_ID, 0, 20));
            assertEquals(S_OK, guest.clear(T_DISCARD, 0, SECTORS, 0));
            assertEquals(UNANSWERED, guest.request(T_FLUSH, 0, 0));
        }
    }

    @Test
    void limitIsForAllQueuesTogether() {
        try (BlockGuest guest = limited(Rate.UNLIMITED, new Rate(1, 1, 0))) {
            assertEquals(S_OK, guest.request(0, T_IN, 0, 512));
            assertEquals(UNANSWERED, guest.request(1, T_IN, 0, 512));
        }
    }

    @Test
    void anotherLimitHasWaitingQueuesServed() {
        try (BlockGuest guest = limited(Rate.UNLIMITED, new Rate(1, 1, 0))) {
            assertEquals(S_OK, guest.request(1, T_IN, 0, 512));
            assertEquals(UNANSWERED, guest.request(1, T_IN, 0, 512));
            guest.device.limit(RateLimit.NONE);
            assertTrue(guest.driver.transport().notifyFd(1).drain());
            guest.driver.serve(1);
            assertEquals(S_OK, guest.status());
        }
    }

    /** With a real worker and clock: 10 requests at 100 a second, beside a disk without a limit. */
    @Test
    void timerWakesAWaitingQueueWhileOtherDisksAreServed() throws InterruptedException {
        RateLimit slow = new RateLimit(Rate.UNLIMITED, new Rate(100, 1, 0));
        try (QueueWorker worker = new QueueWorker("test-limit");
                GuestMemory memory = GuestMemory.create(1 << 20);
                GuestMemory freeMemory = GuestMemory.create(1 << 20);
                TestGuest guest = new TestGuest(
                        new BlockDevice(new HeapDisk(4096), new BlockSettings("slow", false, 2, slow)), memory);
                TestGuest free = new TestGuest(
                        new BlockDevice(new HeapDisk(4096), new BlockSettings("free", false)), freeMemory)) {
            worker.attach(guest.transport());
            worker.attach(free.transport());
            guest.start();
            free.start();
            long startNs = System.nanoTime();
            for (int queue = 0; queue < 2; queue++) {
                guest.descriptor(queue, 0, HEADER, 16, TestGuest.NEXT, 1);
                guest.descriptor(queue, 1, STATUS, 1, TestGuest.WRITE, 0);
                for (int i = 0; i < 5; i++) {
                    guest.offer(queue, 0);
                }
                guest.writeRegister(0x50, queue);
            }
            free.descriptor(0, HEADER, 16, TestGuest.NEXT, 1);
            free.descriptor(1, STATUS, 1, TestGuest.WRITE, 0);
            int served = 0;
            while (guest.usedIndex(0) + guest.usedIndex(1) < 10) {
                free.offer(0);
                free.writeRegister(0x50, 0);
                free.awaitUsed(++served & 0xffff);
            }
            long tookNs = System.nanoTime() - startNs;
            assertTrue(tookNs >= 9 * SECOND_NS / 100, tookNs + " ns");
            assertTrue(served > 20, served + " requests of the other disk meanwhile");
            worker.detach(guest.transport());
            worker.detach(free.transport());
        }
    }

    @Test
    void requestsBytesErrorsAndLatenciesAreCounted() {
        try (BlockGuest guest = new BlockGuest(new BlockSettings("d", false)).started()) {
            guest.request(T_IN, 0, 4096);
            guest.request(T_IN, 1, 512);
            guest.request(T_OUT, 0, 1024);
            guest.request(T_FLUSH, 0, 0);
            guest.request(T_GET_ID, 0, 20);
            guest.clear(T_DISCARD, 0, 8, 0, 8, 8, 0);
            guest.clear(T_WRITE_ZEROES, 0, 1, 0);
            guest.request(T_IN, SECTORS, 512);
            guest.request(99, 0, 512);
            guest.disk.failWith(new IOException("broken"));
            guest.request(T_OUT, 0, 512);
            assertEquals(
                    "{discard.bytes=8192, discard.requests=1, errors=3, flush.requests=1, read.bytes=4608,"
                            + " read.requests=2, throttled=0, write.bytes=1024, write.requests=1, zero.bytes=512,"
                            + " zero.requests=1}",
                    guest.device.metrics().counters().toString());
            Latency reads = guest.device.metrics().latencies().get("read");
            assertEquals(2, reads.count());
            assertEquals(10_000 / 1024, reads.p50Ns() / 1024);
            assertEquals(1, guest.device.metrics().latencies().get("write").count());
            assertEquals(1, guest.device.metrics().latencies().get("flush").count());
        }
    }
}
