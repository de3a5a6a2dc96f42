package dev.stardust.hypervisor.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.util.Arrays;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A driver that may do anything at all, and its device. Its RAM lies between canaries: the guards around it are made
 * writable and filled with a pattern.
 */
public final class HostileGuest implements AutoCloseable {
    public static final int RAM_BYTES = 64 << 10;

    private static final int PROT_READ_WRITE = 3;
    private static final byte CANARY = (byte) 0xc5;
    private static final int[] REGISTERS = {
        0x00, 0x10, 0x14, 0x20, 0x24, 0x30, 0x34, 0x38, 0x44, 0x50, 0x60, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0,
        0xa4, 0xac, 0xb0, 0xc0, 0xfc, 0x100, 0x10c, 0x114, 0x118, 0x120, 0xffc
    };
    private static final int[] WIDTHS = {1, 2, 4, 4, 4, 4, 8};

    private final Random random;
    private final GuestMemory memory = GuestMemory.create(RAM_BYTES);
    private final TestGuest driver;

    public HostileGuest(VirtioDevice device, Random random) {
        this.random = random;
        driver = new TestGuest(device, memory);
        for (long guard : guards()) {
            Libc.check(Libc.C.mprotect(guard, GuestMemory.GUARD_BYTES, PROT_READ_WRITE), "mprotect");
            Libc.C.memset(guard, CANARY, GuestMemory.GUARD_BYTES);
        }
    }

    private long[] guards() {
        return new long[] {memory.address() - GuestMemory.GUARD_BYTES, memory.address() + RAM_BYTES};
    }

    public TestGuest driver() {
        return driver;
    }

    public GuestMemory memory() {
        return memory;
    }

    public void assertCanariesAlive() {
        byte[] expected = new byte[GuestMemory.GUARD_BYTES];
        Arrays.fill(expected, CANARY);
        for (long guard : guards()) {
            byte[] found = new byte[GuestMemory.GUARD_BYTES];
            new UnsafeBuffer(guard, found.length).getBytes(0, found);
            assertArrayEquals(expected, found);
        }
    }

    /** Whether the device stopped; if so, it said why once, in words, and it was the driver's fault. */
    public boolean stoppedByAFault() {
        boolean stopped = (driver.readRegister(MmioRegisters.STATUS) & MmioRegisters.NEEDS_RESET) != 0;
        assertEquals(stopped ? 1 : 0, driver.faults().size());
        for (String fault : driver.faults()) {
            assertTrue(fault.matches("virtio device \\d+ stopped until its driver resets it: queue \\d+: .*"), fault);
            assertFalse(fault.contains("internal error"), fault);
        }
        return stopped;
    }

    /** A number of the kind that breaks checks. */
    public long number() {
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

    /** Puts something else into one field of one of the descriptors of a table of {@link TestGuest#QUEUE_SIZE}. */
    public void spoilDescriptor(long table) {
        long descriptor = table + 16L * random.nextInt(TestGuest.QUEUE_SIZE);
        switch (random.nextInt(5)) {
            case 0 -> memory.putU64(descriptor, number());
            case 1 -> memory.putU32(descriptor + 8, number());
            case 2 -> memory.putU16(descriptor + 12, random.nextInt(8));
            case 3 -> memory.putU16(descriptor + 14, random.nextInt(TestGuest.QUEUE_SIZE));
            default -> memory.putU16(descriptor + 14, (int) number());
        }
    }

    /** Makes the chain at descriptor 0 available a few times, and others that nobody made. */
    public void offerAndServe(int queue) {
        int offered = 1 + random.nextInt(4);
        for (int i = 0; i < offered; i++) {
            driver.offer(queue, random.nextInt(16) == 0 ? (int) number() : 0);
        }
        if (random.nextInt(8) == 0) {
            memory.putU16(TestGuest.AVAILABLE + 2, (int) number());
        }
        // A device may write over its own rings when told to, so requests may follow that nobody offered.
        for (int i = 0; i < 8; i++) {
            driver.transport().serve(queue);
        }
    }

    /** Accesses registers, changes memory, pauses, restores and serves in any order. */
    public void doAnything(int steps) {
        MmioTransport transport = driver.transport();
        for (int i = 0; i < steps; i++) {
            long offset = random.nextInt(10) == 0 ? number() : REGISTERS[random.nextInt(REGISTERS.length)];
            int width = WIDTHS[random.nextInt(WIDTHS.length)];
            switch (random.nextInt(8)) {
                case 0 -> transport.read(offset, width);
                case 1 -> transport.serve(random.nextInt(transport.queueCount()));
                case 2 -> memory.putU64(random.nextInt(RAM_BYTES - 7), number());
                case 3 -> pauseOrRestore(transport);
                case 4 -> bringUp();
                default -> transport.write(offset, width, number());
            }
        }
    }

    private void pauseOrRestore(MmioTransport transport) {
        transport.pause();
        if (random.nextBoolean()) {
            transport.restore(transport.save());
        }
        transport.resume();
    }

    private void bringUp() {
        driver.negotiate(driver.offeredFeatures());
        driver.setUpQueue(TestGuest.QUEUE_SIZE, TestGuest.DESCRIPTORS, TestGuest.AVAILABLE, TestGuest.USED);
        driver.writeRegister(MmioRegisters.STATUS, 15);
    }

    @Override
    public void close() {
        driver.close();
        memory.close();
    }
}
