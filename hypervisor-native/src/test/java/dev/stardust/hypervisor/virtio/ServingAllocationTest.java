package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.hypervisor.virtio.blk.BlockDevice;
import dev.stardust.hypervisor.virtio.blk.BlockSettings;
import dev.stardust.hypervisor.virtio.scsi.ScsiDevice;
import java.lang.management.ManagementFactory;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ServingAllocationTest {
    private static final int REQUESTS = 20_000;

    /** A disk in native memory, whose calls allocate nothing themselves. */
    private record NativeDisk(MappedMemory bytes) implements BlockBackend {
        @Override
        public long sizeBytes() {
            return bytes.length();
        }

        @Override
        public void read(long offset, long address, int length) {
            UnsafeApi.copyMemory(bytes.address() + offset, address, length);
        }

        @Override
        public void write(long offset, long address, int length) {
            UnsafeApi.copyMemory(address, bytes.address() + offset, length);
        }

        @Override
        public void writeZeroes(long offset, long length) {
            UnsafeApi.setMemory(bytes.address() + offset, length, (byte) 0);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    private final MappedMemory bytes = MappedMemory.anonymous(64 << 10);
    private final GuestMemory memory = GuestMemory.create(1 << 20);

    @AfterEach
    void free() {
        bytes.close();
        memory.close();
    }

    private void assertAllocatesNothing(Runnable request) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < REQUESTS; i++) {
            request.run();
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < REQUESTS; i++) {
            request.run();
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        // What is left is the measuring itself and a rare class that is loaded late.
        assertTrue(allocated < REQUESTS, allocated + " bytes for " + REQUESTS + " requests");
    }

    private TestGuest disk(RateLimit limit) {
        BlockSettings settings = new BlockSettings("d", false, 1, limit);
        return new TestGuest(new BlockDevice(new NativeDisk(bytes), settings), memory).start();
    }

    private void putRequest(TestGuest guest, int type, int flags) {
        memory.putU32(0x8000, type);
        guest.descriptor(0, 0x8000, 16, TestGuest.NEXT, 1);
        guest.descriptor(1, 0x9000, 4096, TestGuest.NEXT | flags, 2);
        guest.descriptor(2, 0x8800, 1, TestGuest.WRITE, 0);
    }

    @Test
    void servingARequestAllocatesNothing() {
        try (TestGuest guest = disk(RateLimit.NONE)) {
            putRequest(guest, 0, TestGuest.WRITE);
            assertAllocatesNothing(() -> guest.submit(0));
            assertEquals((2 * REQUESTS) & 0xffff, guest.usedIndex());
        }
    }

    @Test
    void writingWithinALimitAllocatesNothing() {
        Rate plenty = Rate.perSecond(Rate.MAX_PER_SECOND);
        try (TestGuest guest = disk(new RateLimit(plenty, plenty))) {
            putRequest(guest, 1, 0);
            assertAllocatesNothing(() -> guest.submit(0));
            assertEquals((2 * REQUESTS) & 0xffff, guest.usedIndex());
        }
    }

    @Test
    void waitingForALimitAllocatesNothing() {
        try (TestGuest guest = disk(new RateLimit(Rate.UNLIMITED, new Rate(1, 1, 0)))) {
            putRequest(guest, 0, TestGuest.WRITE);
            guest.submit(0);
            guest.offer(0);
            assertAllocatesNothing(() -> guest.transport().serve(0));
        }
    }

    @Test
    void readingACdAllocatesNothing() {
        try (TestGuest guest = new TestGuest(new ScsiDevice(new NativeDisk(bytes), "cd"), memory).start()) {
            byte[] command = new byte[51];
            command[0] = 1;
            command[19] = 0x28;
            command[19 + 8] = 1;
            memory.write(0x8000, command);
            guest.descriptor(2, 0, 0x8000, 51, TestGuest.NEXT, 1);
            guest.descriptor(2, 1, 0x8800, 108, TestGuest.NEXT | TestGuest.WRITE, 2);
            guest.descriptor(2, 2, 0x9000, 2048, TestGuest.WRITE, 0);
            assertAllocatesNothing(() -> guest.submit(2, 0));
            assertEquals(0, memory.getU8(0x8800 + 10));
            assertEquals(108 + 2048, guest.usedLength(2, 7));
        }
    }
}
