package dev.stardust.hypervisor.virtio.blk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BlockDeviceTest {
    private static final int DISK_BYTES = 64 << 10;
    private static final long HEADER = 0x8000;
    private static final long STATUS = 0x8800;
    private static final long DATA = 0x1_0000;
    private static final long VERSION_1 = 1L << 32;

    private final HeapDisk disk = new HeapDisk(DISK_BYTES);
    private GuestMemory memory;
    private TestGuest guest;

    @BeforeEach
    void start() {
        memory = GuestMemory.create(1 << 20);
        guest = new TestGuest(new BlockDevice(disk, "disk-0", false), memory).start();
        new Random(1).nextBytes(disk.bytes());
    }

    @AfterEach
    void stop() {
        guest.close();
        memory.close();
    }

    private void header(int type, long sector) {
        memory.putU32(HEADER, type);
        memory.putU64(HEADER + 8, sector);
        memory.putU8(STATUS, 0xff);
    }

    /** A request with one data buffer; returns the status that the device wrote. */
    private int request(int type, long sector, long length) {
        header(type, sector);
        int dataFlags = type == BlockDevice.T_OUT ? TestGuest.NEXT : TestGuest.NEXT | TestGuest.WRITE;
        guest.descriptor(0, HEADER, 16, TestGuest.NEXT, 1);
        guest.descriptor(1, DATA, length, dataFlags, 2);
        guest.descriptor(2, STATUS, 1, TestGuest.WRITE, 0);
        guest.submit(0);
        return memory.getU8(STATUS);
    }

    private byte[] guestBytes(long address, int length) {
        byte[] bytes = new byte[length];
        memory.read(address, bytes);
        return bytes;
    }

    @Test
    void readsFillTheGuestsBufferAndMarkItsPages() {
        memory.deviceDirty().clear();
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_IN, 3, 8192));
        assertArrayEquals(Arrays.copyOfRange(disk.bytes(), 1536, 1536 + 8192), guestBytes(DATA, 8192));
        assertTrue(memory.deviceDirty().get(DATA >> 12) && memory.deviceDirty().get((DATA >> 12) + 1));
        assertTrue(memory.deviceDirty().get(TestGuest.USED >> 12));
        assertEquals(8193, guest.usedLength(0));
    }

    @Test
    void writesReachTheDisk() {
        byte[] data = new byte[4096];
        new Random(2).nextBytes(data);
        memory.write(DATA, data);
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_OUT, 8, 4096));
        assertArrayEquals(data, Arrays.copyOfRange(disk.bytes(), 4096, 8192));
        assertEquals(1, guest.usedLength(0));
    }

    @Test
    void requestMayBeCutAnywhere() {
        header(BlockDevice.T_OUT, 2);
        memory.write(DATA, "a".repeat(1024).getBytes(StandardCharsets.US_ASCII));
        memory.write(HEADER + 0x100, guestBytes(HEADER + 10, 6));
        memory.write(HEADER + 0x106, guestBytes(DATA, 100));
        guest.descriptor(4, HEADER, 10, TestGuest.NEXT, 2);
        guest.descriptor(2, HEADER + 0x100, 106, TestGuest.NEXT, 7);
        guest.descriptor(7, DATA, 0, TestGuest.NEXT, 1);
        guest.descriptor(1, DATA + 100, 924, TestGuest.NEXT, 0);
        guest.descriptor(0, STATUS, 1, TestGuest.WRITE, 0);
        guest.submit(4);
        assertEquals(BlockDevice.S_OK, memory.getU8(STATUS));
        assertArrayEquals(guestBytes(DATA, 1024), Arrays.copyOfRange(disk.bytes(), 1024, 2048));
        assertEquals(4, guest.usedId(0));

        header(BlockDevice.T_IN, 4);
        guest.descriptor(4, HEADER, 16, TestGuest.NEXT, 2);
        guest.descriptor(2, DATA + 0x4000, 500, TestGuest.NEXT | TestGuest.WRITE, 7);
        guest.descriptor(7, DATA + 0x5000, 13, TestGuest.WRITE, 0);
        guest.submit(4);
        assertArrayEquals(Arrays.copyOfRange(disk.bytes(), 2048, 2548), guestBytes(DATA + 0x4000, 500));
        assertArrayEquals(Arrays.copyOfRange(disk.bytes(), 2548, 2560), guestBytes(DATA + 0x5000, 12));
        assertEquals(BlockDevice.S_OK, memory.getU8(DATA + 0x500c));
        assertEquals(513, guest.usedLength(1));
    }

    @Test
    void indirectTableIsFollowed() {
        header(BlockDevice.T_IN, 0);
        long table = 0x9008;
        guest.descriptorAt(table, HEADER, 16, TestGuest.NEXT, 2);
        guest.descriptorAt(table + 32, DATA, 512, TestGuest.NEXT | TestGuest.WRITE, 1);
        guest.descriptorAt(table + 16, STATUS, 1, TestGuest.WRITE, 0);
        guest.descriptor(5, table, 48, TestGuest.INDIRECT, 0);
        guest.submit(5);
        assertEquals(BlockDevice.S_OK, memory.getU8(STATUS));
        assertArrayEquals(Arrays.copyOf(disk.bytes(), 512), guestBytes(DATA, 512));
    }

    @Test
    void flushReachesTheDiskAndWritesAloneDoNot() {
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_OUT, 0, 512));
        assertEquals(0, disk.flushes());
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_FLUSH, 0, 0));
        assertEquals(1, disk.flushes());
    }

    @Test
    void driverThatCannotFlushGetsEveryWriteOnStableStorage() {
        guest.start(VERSION_1);
        memory.putU16(TestGuest.AVAILABLE + 2, 0);
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_OUT, 0, 512));
        assertEquals(1, disk.flushes());
    }

    @Test
    void idIsPaddedWithZeros() {
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_GET_ID, 0, 20));
        assertArrayEquals(Arrays.copyOf("disk-0".getBytes(StandardCharsets.US_ASCII), 20), guestBytes(DATA, 20));
        assertEquals(BlockDevice.S_IOERR, request(BlockDevice.T_GET_ID, 0, 19));
    }

    @Test
    void rangesOutsideTheDiskFailWithoutTouchingIt() {
        int last = DISK_BYTES / 512 - 1;
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_IN, last, 512));
        byte[] before = disk.bytes().clone();
        long[] sectors = {last, last + 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE / 512, 1L << 55};
        for (long sector : sectors) {
            assertEquals(BlockDevice.S_IOERR, request(BlockDevice.T_IN, sector, 1024), "sector " + sector);
            assertEquals(BlockDevice.S_IOERR, request(BlockDevice.T_OUT, sector, 1024), "sector " + sector);
        }
        assertEquals(BlockDevice.S_IOERR, request(BlockDevice.T_IN, 0, 511));
        assertArrayEquals(before, disk.bytes());
        assertEquals(1, guest.usedLength(1));
    }

    @Test
    void unknownRequestIsUnsupported() {
        assertEquals(BlockDevice.S_UNSUPP, request(11, 0, 512));
    }

    @Test
    void failingDiskIsAnErrorToTheGuestAndNothingMore() {
        disk.failWith(new IOException("broken"));
        assertEquals(BlockDevice.S_IOERR, request(BlockDevice.T_IN, 0, 512));
        disk.failWith(null);
        assertEquals(BlockDevice.S_OK, request(BlockDevice.T_IN, 0, 512));
        assertEquals(0, guest.faults().size());
    }

    @Test
    void readOnlyDiskSaysSoAndRefusesWrites() {
        try (TestGuest reader = new TestGuest(new BlockDevice(disk, "ro", true), memory)) {
            assertTrue((reader.offeredFeatures() & BlockDevice.F_RO) != 0);
            guest.close();
            guest = reader.start();
            memory.putU16(TestGuest.AVAILABLE + 2, 0);
            byte[] before = disk.bytes().clone();
            assertEquals(BlockDevice.S_IOERR, request(BlockDevice.T_OUT, 0, 512));
            assertArrayEquals(before, disk.bytes());
        }
    }

    @Test
    void configurationTellsSizeAndLimits() {
        assertEquals(DISK_BYTES / 512, guest.transport().read(0x100, 8));
        assertEquals(DISK_BYTES / 512, guest.transport().read(0x100, 4));
        assertEquals(0, guest.transport().read(0x104, 4));
        assertEquals(254, guest.transport().read(0x10c, 4));
        assertEquals(512, guest.transport().read(0x114, 4));
        assertEquals(2, guest.transport().read(0x115, 1));
        assertEquals(0, guest.transport().read(0xfff, 4));
    }

    @Test
    void stateOfADiskOfAnotherSizeIsRefused() {
        byte[] state = new BlockDevice(new HeapDisk(512), "a", false).save();
        Exception e = assertThrows(
                IllegalArgumentException.class, () -> new BlockDevice(new HeapDisk(1024), "a", false).restore(state));
        assertEquals("the state is of a disk of 1 sectors, this one has 2", e.getMessage());
    }

    @Test
    void impossibleDisksAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new BlockDevice(new HeapDisk(513), "a", false));
        assertThrows(IllegalArgumentException.class, () -> new BlockDevice(disk, "x".repeat(21), false));
    }
}
