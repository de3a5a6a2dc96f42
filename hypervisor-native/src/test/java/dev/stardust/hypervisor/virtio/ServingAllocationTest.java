package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.stardust.hypervisor.libc.MappedMemory;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import dev.stardust.hypervisor.virtio.blk.BlockDevice;
import java.lang.management.ManagementFactory;
import org.agrona.UnsafeApi;
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
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void servingARequestAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (MappedMemory bytes = MappedMemory.anonymous(64 << 10);
                GuestMemory memory = GuestMemory.create(1 << 20);
                TestGuest guest = new TestGuest(new BlockDevice(new NativeDisk(bytes), "d", false), memory)) {
            guest.start();
            guest.descriptor(0, 0x8000, 16, TestGuest.NEXT, 1);
            guest.descriptor(1, 0x9000, 4096, TestGuest.NEXT | TestGuest.WRITE, 2);
            guest.descriptor(2, 0x8800, 1, TestGuest.WRITE, 0);
            for (int i = 0; i < REQUESTS; i++) {
                guest.submit(0);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < REQUESTS; i++) {
                guest.submit(0);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertEquals((2 * REQUESTS) & 0xffff, guest.usedIndex());
            // What is left is the measuring itself and a rare class that is loaded late.
            assertTrue(allocated < REQUESTS, allocated + " bytes for " + REQUESTS + " requests");
        }
    }
}
