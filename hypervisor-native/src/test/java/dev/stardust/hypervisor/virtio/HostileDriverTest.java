package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockDevice;
import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Drivers that do anything at all. Whatever they do, no exception leaves the device, the disk is only asked for what it
 * has, and nothing outside RAM changes: the guards around it are made writable here and filled with canaries.
 */
class HostileDriverTest {
    private static final int RAM_BYTES = 64 << 10;
    private static final int DISK_BYTES = 16 << 10;
    private static final int PROT_READ_WRITE = 3;
    private static final byte CANARY = (byte) 0xc5;
    private static final int[] REGISTERS = {
        0x00, 0x10, 0x14, 0x20, 0x24, 0x30, 0x34, 0x38, 0x44, 0x50, 0x60, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0,
        0xa4, 0xac, 0xb0, 0xc0, 0xfc, 0x100, 0x10c, 0xffc
    };
    private static final int[] WIDTHS = {1, 2, 4, 4, 4, 4, 8};

    /** A guest whose RAM lies between canaries. */
    private static final class Cage implements AutoCloseable {
        final Random random;
        final GuestMemory memory = GuestMemory.create(RAM_BYTES);
        final HeapDisk disk = new HeapDisk(DISK_BYTES);
        final TestGuest guest;

        Cage(long seed, boolean readOnly) {
            random = new Random(seed);
            guest = new TestGuest(new BlockDevice(disk, "fuzz", readOnly), memory);
            for (long guard : guards()) {
                Libc.check(Libc.C.mprotect(guard, GuestMemory.GUARD_BYTES, PROT_READ_WRITE), "mprotect");
                Libc.C.memset(guard, CANARY, GuestMemory.GUARD_BYTES);
            }
        }

        private long[] guards() {
            return new long[] {memory.address() - GuestMemory.GUARD_BYTES, memory.address() + RAM_BYTES};
        }

        void assertCanariesAlive() {
            byte[] expected = new byte[GuestMemory.GUARD_BYTES];
            Arrays.fill(expected, CANARY);
            for (long guard : guards()) {
                byte[] found = new byte[GuestMemory.GUARD_BYTES];
                new UnsafeBuffer(guard, found.length).getBytes(0, found);
                assertArrayEquals(expected, found);
            }
        }

        /** A number of the kind that breaks checks. */
        long number() {
            return switch (random.nextInt(8)) {
                case 0 -> random.nextInt(16);
                case 1 -> random.nextInt(RAM_BYTES);
                case 2 -> RAM_BYTES - random.nextInt(64);
                case 3 -> random.nextLong();
                case 4 -> -random.nextInt(64);
                case 5 -> 1L << random.nextInt(64);
                case 6 -> random.nextInt(RAM_BYTES) & ~15;
                default -> (1L << random.nextInt(64)) - 1;
            };
        }

        void descriptor(long at) {
            long address = random.nextInt(3) == 0 ? number() : random.nextInt(RAM_BYTES);
            long length = random.nextInt(4) == 0 ? number() : 16 + 496L * random.nextInt(2);
            int flags = random.nextInt(8) == 0 ? random.nextInt(1 << 16) : random.nextInt(4);
            int next = random.nextInt(8) == 0 ? (int) number() & 0xffff : random.nextInt(TestGuest.QUEUE_SIZE);
            guest.descriptorAt(at, address, length, flags, next);
        }

        @Override
        public void close() {
            guest.close();
            memory.close();
        }
    }

    @Property(tries = 400)
    void anyRegisterAccessesInAnyOrderAreTaken(@ForAll long seed) {
        try (Cage cage = new Cage(seed, false)) {
            Random random = cage.random;
            for (int i = 0; i < 300; i++) {
                long offset = random.nextInt(10) == 0 ? cage.number() : REGISTERS[random.nextInt(REGISTERS.length)];
                int width = WIDTHS[random.nextInt(WIDTHS.length)];
                switch (random.nextInt(8)) {
                    case 0 -> cage.guest.transport().read(offset, width);
                    case 1 -> cage.guest.transport().serve(0);
                    case 2 -> cage.memory.putU64(random.nextInt(RAM_BYTES - 7), cage.number());
                    case 3 -> pauseOrRestore(cage);
                    case 4 -> bringUp(cage);
                    default -> cage.guest.transport().write(offset, width, cage.number());
                }
            }
            cage.assertCanariesAlive();
        }
    }

    private static void pauseOrRestore(Cage cage) {
        MmioTransport transport = cage.guest.transport();
        transport.pause();
        if (cage.random.nextBoolean()) {
            transport.restore(transport.save());
        }
        transport.resume();
    }

    private static void bringUp(Cage cage) {
        cage.guest.negotiate(cage.guest.offeredFeatures());
        cage.guest.setUpQueue(TestGuest.QUEUE_SIZE, TestGuest.DESCRIPTORS, TestGuest.AVAILABLE, TestGuest.USED);
        cage.guest.writeRegister(MmioRegisters.STATUS, 15);
    }

    @Property(tries = 3000)
    void anyDescriptorsAreServedOrFault(@ForAll long seed) {
        try (Cage cage = new Cage(seed, seed % 2 == 0)) {
            TestGuest guest = cage.guest.start();
            Random random = cage.random;
            for (int i = 0; i < TestGuest.QUEUE_SIZE; i++) {
                cage.descriptor(TestGuest.DESCRIPTORS + 16L * i);
                cage.descriptor(0x4000 + 16L * i);
            }
            guest.descriptor(0, 0x8000, 16, TestGuest.NEXT, random.nextInt(TestGuest.QUEUE_SIZE));
            guest.descriptor(1, 0x4000, 16L * random.nextInt(9), TestGuest.INDIRECT, 0);
            cage.memory.putU32(0x8000, new int[] {0, 1, 4, 8, 11}[random.nextInt(5)]);
            cage.memory.putU64(0x8008, random.nextInt(4) == 0 ? cage.number() : random.nextInt(DISK_BYTES / 512));
            int offered = 1 + random.nextInt(4);
            for (int i = 0; i < offered; i++) {
                guest.offer(random.nextInt(8) == 0 ? (int) cage.number() : random.nextInt(3));
            }
            if (random.nextInt(8) == 0) {
                cage.memory.putU16(TestGuest.AVAILABLE + 2, (int) cage.number());
            }
            // A device may write over its own rings when told to, so requests may follow that nobody offered.
            for (int i = 0; i < 8; i++) {
                guest.transport().serve(0);
            }
            cage.assertCanariesAlive();
            boolean stopped = (guest.readRegister(MmioRegisters.STATUS) & MmioRegisters.NEEDS_RESET) != 0;
            assertEquals(stopped ? 1 : 0, guest.faults().size());
            for (String fault : guest.faults()) {
                assertTrue(fault.startsWith("virtio device 2 stopped until its driver resets it: queue 0: "), fault);
                assertFalse(fault.contains("internal error"), fault);
            }
        }
    }
}
