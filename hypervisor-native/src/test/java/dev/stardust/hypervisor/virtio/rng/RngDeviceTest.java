package dev.stardust.hypervisor.virtio.rng;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RngDeviceTest {
    private static final long RAM_BYTES = 1 << 20;
    private static final long DATA = 0x1_0000;

    private static int zeros(GuestMemory memory, long from, int length) {
        int zeros = 0;
        for (int i = 0; i < length; i++) {
            zeros += memory.getU8(from + i) == 0 ? 1 : 0;
        }
        return zeros;
    }

    @Test
    void buffersAreFilledUpToTheLimitOfARequest() {
        try (GuestMemory memory = GuestMemory.create(RAM_BYTES);
                RngDevice device = new RngDevice(RateLimit.NONE);
                TestGuest guest = new TestGuest(device, memory)) {
            guest.start();
            assertEquals(4, guest.readRegister(8));
            memory.deviceDirty().clear();
            guest.descriptor(0, DATA, 1000, TestGuest.WRITE | TestGuest.NEXT, 1);
            guest.descriptor(1, DATA + 0x2000, 0x8000, TestGuest.WRITE, 0);
            guest.submit(0);
            assertEquals(RngDevice.MAX_REQUEST_BYTES, guest.usedLength(0));
            assertTrue(zeros(memory, DATA, 1000) < 50);
            assertTrue(zeros(memory, DATA + 0x2000, 3096) < 100);
            assertEquals(1, zeros(memory, DATA + 1000, 1));
            assertEquals(100, zeros(memory, DATA + 0x2000 + 3096, 100));
            assertTrue(memory.deviceDirty().get(DATA >> 12));
            long first = memory.getU64(DATA);
            guest.submit(0);
            assertNotEquals(first, memory.getU64(DATA));
            assertEquals(2L * 4096, device.metrics().counters().get("bytes"));
        }
    }

    @Test
    void requestWithoutRoomIsGivenBack() {
        try (GuestMemory memory = GuestMemory.create(RAM_BYTES);
                RngDevice device = new RngDevice(RateLimit.NONE);
                TestGuest guest = new TestGuest(device, memory)) {
            guest.start();
            guest.descriptor(0, DATA, 100, 0, 0);
            guest.submit(0);
            assertEquals(1, guest.usedIndex());
            assertEquals(0, guest.usedLength(0));
        }
    }

    @Test
    void limitIsKeptAndServingGoesOnByItself() throws InterruptedException {
        RateLimit limit = new RateLimit(new Rate(10_000, 1000, 0), Rate.UNLIMITED);
        try (GuestMemory memory = GuestMemory.create(RAM_BYTES);
                RngDevice device = new RngDevice(limit);
                TestGuest guest = new TestGuest(device, memory);
                QueueWorker worker = new QueueWorker("test-rng")) {
            worker.attach(guest.transport());
            guest.start();
            guest.descriptor(0, DATA, 1000, TestGuest.WRITE, 0);
            long start = System.nanoTime();
            for (int i = 0; i < 4; i++) {
                guest.offer(0);
            }
            guest.writeRegister(0x50, 0);
            guest.awaitUsed(4);
            assertTrue(System.nanoTime() - start >= 299_000_000L);
            assertTrue(device.metrics().counters().get("throttled") >= 3);
            worker.detach(guest.transport());
        }
    }

    /** As when somebody cut the base file of a machine: the kernel, which writes there, refuses. */
    @Test
    void memoryThatCannotBeWrittenStopsTheDeviceAndNotTheProcess(@TempDir Path dir) throws IOException {
        Path base = dir.resolve("base");
        Files.write(base, new byte[(int) RAM_BYTES]);
        try (GuestMemory memory = GuestMemory.fromBase(base, RAM_BYTES);
                RngDevice device = new RngDevice(RateLimit.NONE);
                TestGuest guest = new TestGuest(device, memory)) {
            guest.start();
            guest.descriptor(0, RAM_BYTES / 2, 64, TestGuest.WRITE, 0);
            try (FileChannel file = FileChannel.open(base, StandardOpenOption.WRITE)) {
                file.truncate(RAM_BYTES / 4);
            }
            guest.submit(0);
            assertEquals(1, guest.faults().size());
            assertTrue(
                    guest.faults().get(0).contains("getrandom failed: "),
                    guest.faults().get(0));
            assertEquals(0, guest.usedIndex());
        }
    }

    @Test
    void configurationIsEmpty() {
        try (GuestMemory memory = GuestMemory.create(RAM_BYTES);
                RngDevice device = new RngDevice(RateLimit.NONE);
                TestGuest guest = new TestGuest(device, memory)) {
            guest.transport().write(0x100, 4, -1);
            assertEquals(0, guest.transport().read(0x100, 4));
        }
    }

    @Test
    void stateIsEmptyAndAnotherIsRefused() {
        try (RngDevice device = new RngDevice(RateLimit.NONE)) {
            device.restore(device.save());
            assertThrows(IllegalArgumentException.class, () -> device.restore(new byte[1]));
        }
    }

    @Test
    void answeringAllocatesNothing() {
        int requests = 20_000;
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (GuestMemory memory = GuestMemory.create(RAM_BYTES);
                RngDevice device = new RngDevice(RateLimit.NONE);
                TestGuest guest = new TestGuest(device, memory)) {
            guest.start();
            guest.descriptor(0, DATA, 64, TestGuest.WRITE, 0);
            for (int i = 0; i < requests; i++) {
                guest.submit(0);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < requests; i++) {
                guest.submit(0);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < requests, allocated + " bytes for " + requests + " requests");
        }
    }
}
