package dev.stardust.hypervisor.virtio;

import static dev.stardust.hypervisor.virtio.TestGuest.NEXT;
import static dev.stardust.hypervisor.virtio.TestGuest.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockDevice;
import dev.stardust.hypervisor.virtio.blk.BlockSettings;
import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MmioTransportTest {
    private static final long RAM_BYTES = 1 << 20;
    private static final long STATUS_BYTE = 0x8800;
    private static final long INDIRECT_FEATURE = 1L << 28;

    private final GuestMemory memory = GuestMemory.create(RAM_BYTES);
    private final TestGuest guest = newGuest();

    private TestGuest newGuest() {
        return new TestGuest(new BlockDevice(new HeapDisk(4096), new BlockSettings("d", false)), memory);
    }

    @AfterEach
    void stop() {
        guest.close();
        memory.close();
    }

    /** Puts a request that reads sector 0 at descriptors 0 to 2. */
    private void readRequest() {
        guest.descriptor(0, 0x8000, 16, NEXT, 1);
        guest.descriptor(1, 0x9000, 512, NEXT | WRITE, 2);
        guest.descriptor(2, STATUS_BYTE, 1, WRITE, 0);
    }

    @Test
    void identifiesItself() {
        assertEquals(0x74726976, guest.readRegister(0));
        assertEquals(2, guest.readRegister(4));
        assertEquals(2, guest.readRegister(8));
        assertEquals(256, guest.readRegister(MmioRegisters.QUEUE_NUM_MAX));
        guest.writeRegister(MmioRegisters.QUEUE_SEL, 1);
        assertEquals(0, guest.readRegister(MmioRegisters.QUEUE_NUM_MAX));
        assertEquals(-1, guest.readRegister(0xb0));
        assertEquals(0, guest.transport().read(0, 1));
    }

    @Test
    void featuresThatWereNotOfferedAreNotAgreedOn() {
        long offered = guest.offeredFeatures();
        assertEquals(11, guest.negotiate(offered));
        assertEquals(3, guest.negotiate(offered | 1L << 40));
        assertEquals(3, guest.negotiate(offered & ~(1L << 32)), "the modern interface is not optional");
        guest.writeRegister(MmioRegisters.STATUS, 7);
        assertEquals(3, guest.readRegister(MmioRegisters.STATUS), "no DRIVER_OK before FEATURES_OK");
    }

    @Test
    void servedRequestInterruptsUntilAcknowledged() {
        guest.start();
        readRequest();
        guest.interrupt().drain();
        guest.submit(0);
        assertTrue(guest.interrupt().drain());
        assertEquals(1, guest.readRegister(MmioRegisters.INTERRUPT_STATUS));
        guest.writeRegister(MmioRegisters.INTERRUPT_ACK, 1);
        assertEquals(0, guest.readRegister(MmioRegisters.INTERRUPT_STATUS));
        memory.putU16(TestGuest.AVAILABLE, 1);
        guest.submit(0);
        assertEquals(2, guest.usedIndex());
        assertFalse(guest.interrupt().drain(), "the driver asked for none");
    }

    private void offerReads(int count) {
        for (int i = 0; i < count; i++) {
            guest.offer(0);
        }
        guest.serve(0);
    }

    @Test
    void withEventIndexesADriverIsInterruptedWhenItsIndexIsPassed() {
        guest.start(guest.offeredFeatures());
        readRequest();
        guest.interrupt().drain();
        memory.putU16(TestGuest.usedEvent(0), 2);
        offerReads(1);
        assertTrue(guest.interrupt().drain(), "the first time, when nothing is known, always");
        offerReads(1);
        assertFalse(guest.interrupt().drain(), "2 are used, the driver waits for the third");
        offerReads(3);
        assertTrue(guest.interrupt().drain(), "5 are used");
        offerReads(1);
        assertFalse(guest.interrupt().drain(), "it did not ask again");
        assertEquals(6, guest.usedIndex());
    }

    @Test
    void eventIndexesWrapAround() {
        guest.start(guest.offeredFeatures());
        readRequest();
        for (int used = 0; used < 0xfffe; used++) {
            guest.offer(0);
            guest.serve(0);
        }
        memory.putU16(TestGuest.usedEvent(0), 0);
        guest.interrupt().drain();
        offerReads(2);
        assertFalse(guest.interrupt().drain());
        assertEquals(0, guest.usedIndex());
        assertEquals(0, memory.getU16(TestGuest.availableEvent(0)));
        offerReads(1);
        assertTrue(guest.interrupt().drain());
    }

    @Test
    void withEventIndexesTheDeviceAsksToBeNotifiedWhereItsQueueWasEmpty() {
        guest.start(guest.offeredFeatures());
        readRequest();
        memory.putU16(TestGuest.availableEvent(0), 0x1234);
        guest.serve(0);
        assertEquals(0, memory.getU16(TestGuest.availableEvent(0)));
        offerReads(3);
        assertEquals(3, memory.getU16(TestGuest.availableEvent(0)));
    }

    @Test
    void withoutEventIndexesTheirPlacesAreTheDriversOwn() {
        guest.start();
        readRequest();
        memory.putU16(TestGuest.availableEvent(0), 0x1234);
        memory.putU16(TestGuest.usedEvent(0), 0x1234);
        guest.interrupt().drain();
        offerReads(2);
        assertTrue(guest.interrupt().drain());
        assertEquals(0x1234, memory.getU16(TestGuest.availableEvent(0)));
    }

    @Test
    void badQueueSetupNeedsAResetAndWorksAfterIt() {
        long[][] bad = {
            {8, 0x1000, 0x2000, RAM_BYTES - 64},
            {8, 0x1008, 0x2000, 0x3000},
            {8, 0x1000, 0x2001, 0x3000},
            {8, 0x1000, 0x2000, 0x3002},
            {8, 0x1000, -16, 0x3000},
            {8, Long.MAX_VALUE & ~15, 0x2000, 0x3000},
            {0, 0x1000, 0x2000, 0x3000},
            {6, 0x1000, 0x2000, 0x3000},
            {512, 0x1000, 0x2000, 0x3000},
            {Integer.MIN_VALUE, 0x1000, 0x2000, 0x3000}
        };
        for (long[] setup : bad) {
            guest.negotiate(guest.offeredFeatures());
            guest.setUpQueue((int) setup[0], setup[1], setup[2], setup[3]);
            assertEquals(
                    64 + 11,
                    guest.readRegister(MmioRegisters.STATUS),
                    List.of(setup[0], setup[1]).toString());
            assertEquals(0, guest.readRegister(MmioRegisters.QUEUE_READY));
        }
        assertEquals(bad.length, guest.faults().size());
        guest.start();
    }

    private void assertFaults(int head, String text) {
        guest.interrupt().drain();
        int usedBefore = guest.usedIndex();
        guest.submit(head);
        assertEquals(64 + 15, guest.readRegister(MmioRegisters.STATUS));
        assertEquals(1, guest.faults().size());
        assertTrue(guest.faults().get(0).contains(text), guest.faults().get(0));
        assertTrue(guest.interrupt().drain(), "the driver is told");
        assertEquals(2, guest.readRegister(MmioRegisters.INTERRUPT_STATUS) & 2);
        readRequest();
        guest.submit(0);
        assertEquals(usedBefore, guest.usedIndex(), "nothing more is served");
    }

    @Test
    void loopFaults() {
        guest.start();
        guest.descriptor(0, 0x8000, 16, NEXT, 1);
        guest.descriptor(1, 0x8000, 16, NEXT, 0);
        assertFaults(0, "longer than its queue of 8, or loops");
    }

    @Test
    void readableAfterWritableFaults() {
        guest.start();
        guest.descriptor(0, 0x8000, 16, NEXT | WRITE, 1);
        guest.descriptor(1, 0x8000, 16, 0, 0);
        assertFaults(0, "a readable descriptor follows a writable one");
    }

    @Test
    void addressOutsideRamFaults() {
        guest.start();
        guest.descriptor(0, RAM_BYTES - 8, 16, 0, 0);
        assertFaults(0, "which is not in RAM");
    }

    @Test
    void lengthThatOverflowsFaults() {
        guest.start();
        guest.descriptor(0, -8, 0xffff_ffffL, 0, 0);
        assertFaults(0, "which is not in RAM");
    }

    @Test
    void headOutsideTheTableFaults() {
        guest.start();
        assertFaults(8, "descriptor 8 is outside a table of 8");
    }

    @Test
    void nextOutsideTheTableFaults() {
        guest.start();
        guest.descriptor(0, 0x8000, 16, NEXT, 0xffff);
        assertFaults(0, "descriptor 65535 is outside a table of 8");
    }

    @Test
    void availableIndexThatRunsAheadFaults() {
        guest.start();
        memory.putU16(TestGuest.AVAILABLE + 2, 1000);
        assertFaults(0, "ahead of the 0 that was served");
    }

    @Test
    void indirectInsideIndirectFaults() {
        guest.start();
        guest.descriptor(0, 0x8000, 32, TestGuest.INDIRECT, 0);
        guest.descriptorAt(0x8000, 0x8000, 32, TestGuest.INDIRECT, 0);
        assertFaults(0, "inside an indirect table");
    }

    @Test
    void indirectTableOutsideRamFaults() {
        guest.start();
        guest.descriptor(0, RAM_BYTES - 16, 32, TestGuest.INDIRECT, 0);
        assertFaults(0, "an indirect table at guest address");
    }

    @Test
    void indirectFaultsWhenItWasNotNegotiated() {
        guest.start(guest.offeredFeatures() & ~INDIRECT_FEATURE);
        guest.descriptor(0, 0x8000, 32, TestGuest.INDIRECT, 0);
        assertFaults(0, "not negotiated");
    }

    @Test
    void requestWithoutHeaderOrStatusFaults() {
        guest.start();
        guest.descriptor(0, 0x8000, 15, NEXT, 1);
        guest.descriptor(1, 0x8800, 1, WRITE, 0);
        assertFaults(0, "15 readable bytes");
        guest.faults().clear();
        memory.putU32(TestGuest.AVAILABLE, 0);
        memory.putU32(TestGuest.USED, 0);
        guest.start();
        guest.descriptor(0, 0x8000, 16, 0, 0);
        assertFaults(0, "no writable byte for its status");
    }

    @Test
    void nothingIsServedWhilePausedAndAllOfItAfterwards() throws InterruptedException {
        try (QueueWorker worker = new QueueWorker("test-queues")) {
            worker.attach(guest.transport());
            guest.start();
            readRequest();
            guest.offer(0);
            guest.writeRegister(MmioRegisters.QUEUE_NOTIFY, 0);
            guest.awaitUsed(1);
            guest.transport().pause();
            guest.offer(0);
            guest.writeRegister(MmioRegisters.QUEUE_NOTIFY, 0);
            guest.offer(0);
            Thread.sleep(50);
            assertEquals(1, guest.usedIndex());
            guest.transport().resume();
            guest.awaitUsed(3);
            worker.detach(guest.transport());
            guest.transport().resume();
            guest.offer(0);
            guest.writeRegister(MmioRegisters.QUEUE_NOTIFY, 0);
            Thread.sleep(50);
            assertEquals(3, guest.usedIndex(), "a detached queue is not served");
        }
    }

    @Test
    void oneWorkerServesManyDevices() throws InterruptedException {
        int devices = 8;
        try (QueueWorker worker = new QueueWorker("test-queues")) {
            GuestMemory[] memories = new GuestMemory[devices];
            TestGuest[] guests = new TestGuest[devices];
            for (int i = 0; i < devices; i++) {
                memories[i] = GuestMemory.create(RAM_BYTES);
                guests[i] = new TestGuest(
                        new BlockDevice(new HeapDisk(4096), new BlockSettings("d" + i, false)), memories[i]);
                worker.attach(guests[i].transport());
                guests[i].start();
                guests[i].descriptor(0, 0x8000, 16, NEXT, 1);
                guests[i].descriptor(1, STATUS_BYTE, 1, WRITE, 0);
            }
            for (int round = 1; round <= 20; round++) {
                for (TestGuest each : guests) {
                    each.offer(0);
                    each.writeRegister(MmioRegisters.QUEUE_NOTIFY, 0);
                }
                for (TestGuest each : guests) {
                    each.awaitUsed(round);
                }
            }
            for (int i = 0; i < devices; i++) {
                worker.detach(guests[i].transport());
                guests[i].close();
                memories[i].close();
            }
        }
    }

    @Test
    void restoredDeviceGoesOnWithWhatWasPendingWithoutAKick() {
        guest.start();
        readRequest();
        guest.submit(0);
        guest.transport().pause();
        guest.offer(0);
        byte[] state = guest.transport().save();
        try (TestGuest other = newGuest()) {
            other.transport().restore(state);
            assertEquals(15, other.readRegister(MmioRegisters.STATUS));
            assertEquals(1, other.readRegister(MmioRegisters.INTERRUPT_STATUS));
            assertEquals(1, other.readRegister(MmioRegisters.QUEUE_READY));
            other.transport().serve(0);
            assertEquals(1, other.usedIndex(), "paused as restored");
            other.transport().resume();
            assertTrue(other.interrupt().drain(), "the interrupt that was not acknowledged comes again");
            assertTrue(other.transport().notifyFd(0).drain(), "the worker is told to look");
            other.transport().serve(0);
            assertEquals(2, other.usedIndex());
            other.submit(0);
            assertEquals(3, other.usedIndex());
        }
    }

    @Test
    void restoredDriverIsInterruptedWhateverIndexItNamedBefore() {
        guest.start(guest.offeredFeatures());
        readRequest();
        memory.putU16(TestGuest.usedEvent(0), 100);
        offerReads(2);
        guest.transport().pause();
        byte[] state = guest.transport().save();
        try (TestGuest other = newGuest()) {
            other.transport().restore(state);
            other.writeRegister(MmioRegisters.INTERRUPT_ACK, 1);
            other.transport().resume();
            other.interrupt().drain();
            other.submit(0);
            assertTrue(other.interrupt().drain());
            other.submit(0);
            assertFalse(other.interrupt().drain());
        }
    }

    @Test
    void savingARunningDeviceIsRefused() {
        guest.start();
        assertThrows(IllegalStateException.class, () -> guest.transport().save());
        assertThrows(IllegalStateException.class, () -> guest.transport().restore(new byte[0]));
    }

    @Test
    void stateThatDoesNotFitThisDeviceIsRefusedAndLeavesItReset() {
        guest.start();
        guest.transport().pause();
        byte[] state = guest.transport().save();
        try (GuestMemory small = GuestMemory.create(0x3000);
                TestGuest other =
                        new TestGuest(new BlockDevice(new HeapDisk(4096), new BlockSettings("d", false)), small)) {
            Exception e = assertThrows(
                    IllegalArgumentException.class, () -> other.transport().restore(state));
            assertTrue(e.getMessage().contains("device area"), e.getMessage());
            assertEquals(0, other.readRegister(MmioRegisters.STATUS));
        }
        try (TestGuest other =
                new TestGuest(new BlockDevice(new HeapDisk(8192), new BlockSettings("d", false)), memory)) {
            assertThrows(IllegalArgumentException.class, () -> other.transport().restore(state));
        }
    }

    @Test
    void stateOfADeviceWithOtherQueuesIsRefused() {
        guest.transport().pause();
        byte[] state = guest.transport().save();
        BlockSettings settings = new BlockSettings("d", false, 2, RateLimit.NONE);
        try (TestGuest other = new TestGuest(new BlockDevice(new HeapDisk(4096), settings), memory)) {
            Exception e = assertThrows(
                    IllegalArgumentException.class, () -> other.transport().restore(state));
            assertTrue(e.getMessage().contains("of device 2 with 1 queues, this one has 2"), e.getMessage());
        }
    }

    @Test
    void queueSizesThatTheSpecificationDoesNotKnowAreRefused() {
        for (int size : new int[] {0, -1, 3, 1 << 16}) {
            assertThrows(IllegalArgumentException.class, () -> new VirtQueue(memory, size), () -> size + "");
        }
        assertEquals(1 << 15, new VirtQueue(memory, 1 << 15).maxSize());
    }

    @Test
    void featuresBeyondTheKnownWindowsAreNothing() {
        long offered = guest.offeredFeatures();
        guest.writeRegister(MmioRegisters.DEVICE_FEATURES_SEL, 2);
        assertEquals(0, guest.readRegister(MmioRegisters.DEVICE_FEATURES));
        guest.writeRegister(MmioRegisters.DRIVER_FEATURES_SEL, 2);
        guest.writeRegister(MmioRegisters.DRIVER_FEATURES, -1);
        assertEquals(11, guest.negotiate(offered));
    }

    @Test
    void closedDeviceServesNothing() {
        guest.start();
        readRequest();
        guest.offer(0);
        guest.transport().close();
        guest.serve(0);
        assertEquals(0, guest.usedIndex());
    }

    @Test
    void queueOfAStoppedDeviceIsNotTakenIntoUse() {
        guest.negotiate(guest.offeredFeatures());
        guest.setUpQueue(3, 0x1000, 0x2000, 0x3000);
        assertEquals(1, guest.faults().size());
        guest.setUpQueue(TestGuest.QUEUE_SIZE, TestGuest.DESCRIPTORS, TestGuest.AVAILABLE, TestGuest.USED);
        assertEquals(0, guest.readRegister(MmioRegisters.QUEUE_READY));
        assertEquals(1, guest.faults().size(), "it is told once");
    }
}
