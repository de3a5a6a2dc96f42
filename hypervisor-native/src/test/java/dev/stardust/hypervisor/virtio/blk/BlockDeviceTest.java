package dev.stardust.hypervisor.virtio.blk;

import static dev.stardust.hypervisor.virtio.blk.BlockGuest.*;
import static dev.stardust.hypervisor.virtio.blk.BlockRequest.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BlockDeviceTest {
    private static final long VERSION_1 = 1L << 32;

    private final BlockGuest guest = new BlockGuest(new BlockSettings("disk-0", false)).started();
    private final TestGuest driver = guest.driver;
    private final GuestMemory memory = guest.memory;
    private final HeapDisk disk = guest.disk;

    @AfterEach
    void stop() {
        guest.close();
    }

    @Test
    void readsFillTheGuestsBufferAndMarkItsPages() {
        memory.deviceDirty().clear();
        assertEquals(S_OK, guest.request(T_IN, 3, 8192));
        assertArrayEquals(Arrays.copyOfRange(disk.bytes(), 1536, 1536 + 8192), guest.bytes(DATA, 8192));
        assertTrue(memory.deviceDirty().get(DATA >> 12) && memory.deviceDirty().get((DATA >> 12) + 1));
        assertTrue(memory.deviceDirty().get(TestGuest.USED >> 12));
        assertEquals(8193, driver.usedLength(0));
    }

    @Test
    void writesReachTheDisk() {
        byte[] data = new byte[4096];
        new Random(2).nextBytes(data);
        memory.write(DATA, data);
        assertEquals(S_OK, guest.request(T_OUT, 8, 4096));
        assertArrayEquals(data, Arrays.copyOfRange(disk.bytes(), 4096, 8192));
        assertEquals(1, driver.usedLength(0));
    }

    @Test
    void requestMayBeCutAnywhere() {
        guest.header(T_OUT, 2);
        memory.write(DATA, "a".repeat(1024).getBytes(StandardCharsets.US_ASCII));
        memory.write(HEADER + 0x100, guest.bytes(HEADER + 10, 6));
        memory.write(HEADER + 0x106, guest.bytes(DATA, 100));
        driver.descriptor(4, HEADER, 10, TestGuest.NEXT, 2);
        driver.descriptor(2, HEADER + 0x100, 106, TestGuest.NEXT, 7);
        driver.descriptor(7, DATA, 0, TestGuest.NEXT, 1);
        driver.descriptor(1, DATA + 100, 924, TestGuest.NEXT, 0);
        driver.descriptor(0, STATUS, 1, TestGuest.WRITE, 0);
        driver.submit(4);
        assertEquals(S_OK, guest.status());
        assertArrayEquals(guest.bytes(DATA, 1024), Arrays.copyOfRange(disk.bytes(), 1024, 2048));
        assertEquals(4, driver.usedId(0));

        guest.header(T_IN, 4);
        driver.descriptor(4, HEADER, 16, TestGuest.NEXT, 2);
        driver.descriptor(2, DATA + 0x4000, 500, TestGuest.NEXT | TestGuest.WRITE, 7);
        driver.descriptor(7, DATA + 0x5000, 13, TestGuest.WRITE, 0);
        driver.submit(4);
        assertArrayEquals(Arrays.copyOfRange(disk.bytes(), 2048, 2548), guest.bytes(DATA + 0x4000, 500));
        assertArrayEquals(Arrays.copyOfRange(disk.bytes(), 2548, 2560), guest.bytes(DATA + 0x5000, 12));
        assertEquals(S_OK, memory.getU8(DATA + 0x500c));
        assertEquals(513, driver.usedLength(1));
    }

    @Test
    void indirectTableIsFollowed() {
        guest.header(T_IN, 0);
        long table = 0x9008;
        driver.descriptorAt(table, HEADER, 16, TestGuest.NEXT, 2);
        driver.descriptorAt(table + 32, DATA, 512, TestGuest.NEXT | TestGuest.WRITE, 1);
        driver.descriptorAt(table + 16, STATUS, 1, TestGuest.WRITE, 0);
        driver.descriptor(5, table, 48, TestGuest.INDIRECT, 0);
        driver.submit(5);
        assertEquals(S_OK, guest.status());
        assertArrayEquals(Arrays.copyOf(disk.bytes(), 512), guest.bytes(DATA, 512));
    }

    @Test
    void everyQueueIsServed() {
        try (BlockGuest other = new BlockGuest(new BlockSettings("mq", false, 4, RateLimit.NONE)).started()) {
            assertTrue((other.driver.offeredFeatures() & BlockDevice.F_MQ) != 0);
            assertEquals(4, other.config(34, 2));
            for (int queue = 0; queue < 4; queue++) {
                assertEquals(S_OK, other.request(queue, T_IN, queue, 512));
                byte[] expected = Arrays.copyOfRange(other.disk.bytes(), queue * 512, queue * 512 + 512);
                assertArrayEquals(expected, other.bytes(DATA, 512));
                assertEquals(1, other.driver.usedIndex(queue));
                assertEquals(513, other.driver.usedLength(queue, 0));
            }
        }
    }

    @Test
    void flushReachesTheDiskAndWritesAloneDoNot() {
        assertEquals(S_OK, guest.request(T_OUT, 0, 512));
        assertEquals(0, disk.flushes());
        assertEquals(S_OK, guest.request(T_FLUSH, 0, 0));
        assertEquals(1, disk.flushes());
    }

    @Test
    void driverThatCannotFlushGetsEveryWriteOnStableStorage() {
        driver.start(VERSION_1);
        memory.putU16(TestGuest.AVAILABLE + 2, 0);
        assertEquals(S_OK, guest.request(T_OUT, 0, 512));
        assertEquals(1, disk.flushes());
    }

    @Test
    void driverThatTurnsTheCacheOffGetsEveryWriteOnStableStorage() {
        assertEquals(1, guest.config(32, 1));
        driver.transport().write(0x100 + 32, 1, 0);
        assertEquals(0, guest.config(32, 1));
        assertEquals(S_OK, guest.request(T_OUT, 0, 512));
        assertEquals(S_OK, guest.clear(T_WRITE_ZEROES, 0, 1, 0));
        assertEquals(S_OK, guest.request(T_IN, 0, 512));
        assertEquals(2, disk.flushes());
        driver.transport().write(0x100 + 32, 1, 1);
        assertEquals(S_OK, guest.request(T_OUT, 0, 512));
        assertEquals(2, disk.flushes());
        driver.transport().write(0x100 + 32, 1, 0);
        driver.negotiate(driver.offeredFeatures());
        assertEquals(1, guest.config(32, 1), "as after power-on");
    }

    @Test
    void idIsPaddedWithZeros() {
        assertEquals(S_OK, guest.request(T_GET_ID, 0, 20));
        assertArrayEquals(Arrays.copyOf("disk-0".getBytes(StandardCharsets.US_ASCII), 20), guest.bytes(DATA, 20));
        assertEquals(21, driver.usedLength(0));
        assertEquals(S_IOERR, guest.request(T_GET_ID, 0, 19));
    }

    @Test
    void rangesOutsideTheDiskFailWithoutTouchingIt() {
        int last = SECTORS - 1;
        assertEquals(S_OK, guest.request(T_IN, last, 512));
        byte[] before = disk.bytes().clone();
        long[] sectors = {last, last + 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE / 512, 1L << 55};
        for (long sector : sectors) {
            assertEquals(S_IOERR, guest.request(T_IN, sector, 1024), "sector " + sector);
            assertEquals(S_IOERR, guest.request(T_OUT, sector, 1024), "sector " + sector);
        }
        assertEquals(S_IOERR, guest.request(T_IN, 0, 511));
        assertEquals(S_IOERR, guest.request(T_OUT, 0, 513));
        assertArrayEquals(before, disk.bytes());
        assertEquals(1, driver.usedLength(1));
    }

    @Test
    void unknownRequestIsUnsupported() {
        for (int type : new int[] {2, 3, 5, 12, 14, 1 << 30, -1}) {
            assertEquals(S_UNSUPP, guest.request(type, 0, 512));
        }
    }

    @Test
    void failingDiskIsAnErrorToTheGuestAndNothingMore() {
        disk.failWith(new IOException("broken"));
        assertEquals(S_IOERR, guest.request(T_IN, 0, 512));
        assertEquals(S_IOERR, guest.request(T_FLUSH, 0, 0));
        disk.failWith(null);
        assertEquals(S_OK, guest.request(T_IN, 0, 512));
        assertEquals(0, driver.faults().size());
    }

    @Test
    void readOnlyDiskSaysSoAndChangesNothing() {
        try (BlockGuest reader = new BlockGuest(new BlockSettings("ro", true)).started()) {
            assertTrue((reader.driver.offeredFeatures() & BlockDevice.F_RO) != 0);
            byte[] before = reader.disk.bytes().clone();
            assertEquals(S_IOERR, reader.request(T_OUT, 0, 512));
            assertEquals(S_UNSUPP, reader.clear(T_DISCARD, 0, 1, 0));
            assertEquals(S_UNSUPP, reader.clear(T_WRITE_ZEROES, 0, 1, 0));
            assertArrayEquals(before, reader.disk.bytes());
            assertEquals(S_OK, reader.request(T_IN, 0, 512));
        }
    }

    @Test
    void configurationTellsSizeAndLimits() {
        assertEquals(SECTORS, guest.config(0, 8));
        assertEquals(SECTORS, guest.config(0, 4));
        assertEquals(0, guest.config(4, 4));
        assertEquals(1 << 20, guest.config(8, 4));
        assertEquals(254, guest.config(12, 4));
        assertEquals(512, guest.config(20, 4));
        assertEquals(2, guest.config(21, 1));
        assertEquals(3, guest.config(24, 1), "physical blocks of 4 KiB");
        assertEquals(8, guest.config(26, 2));
        assertEquals(1, guest.config(34, 2));
        for (int ranges : new int[] {36, 48}) {
            assertEquals(1 << 18, guest.config(ranges, 4));
            assertEquals(16, guest.config(ranges + 4, 4));
        }
        assertEquals(8, guest.config(44, 4));
        assertEquals(1, guest.config(56, 4));
        assertEquals(0, guest.config(60, 8));
        assertEquals(0, guest.config(0xeff, 4));
        assertEquals(0, guest.device.readConfig(-1, 4));
    }

    @Test
    void nothingButTheCacheModeCanBeWritten() {
        byte[] before = configBytes();
        for (int offset = 0; offset < 64; offset++) {
            for (int width : new int[] {1, 2, 4, 8}) {
                if (offset != 32 || width != 1) {
                    driver.transport().write(0x100 + offset, width, 0x5a5a5a5a5a5a5a5aL);
                }
            }
        }
        assertArrayEquals(before, configBytes());
    }

    private byte[] configBytes() {
        byte[] bytes = new byte[64];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) guest.config(i, 1);
        }
        return bytes;
    }

    @Test
    void diskThatGrewIsToldToTheGuestAndUsable() {
        assertEquals(S_IOERR, guest.request(T_IN, SECTORS, 512));
        driver.writeRegister(0x64, 3);
        int generation = driver.readRegister(0xfc);
        driver.interrupt().drain();
        disk.resize(2 * DISK_BYTES);
        assertEquals(S_IOERR, guest.request(T_IN, SECTORS, 512), "not told yet");
        driver.writeRegister(0x64, 3);
        driver.interrupt().drain();
        guest.device.resized();
        assertTrue(driver.interrupt().drain());
        assertEquals(2, driver.readRegister(0x60));
        assertEquals(generation + 1, driver.readRegister(0xfc));
        assertEquals(2 * SECTORS, guest.config(0, 8));
        assertEquals(S_OK, guest.request(T_OUT, 2 * SECTORS - 1, 512));
        assertEquals(S_IOERR, guest.request(T_OUT, 2 * SECTORS, 512));
    }

    @Test
    void diskThatShrankIsRefusedAndStaysAsTheGuestKnowsIt() {
        disk.resize(DISK_BYTES - 512);
        Exception e = assertThrows(IllegalArgumentException.class, guest.device::resized);
        assertEquals("disk disk-0 cannot shrink from 128 to 127 sectors while its guest uses it", e.getMessage());
        disk.resize(DISK_BYTES + 1);
        assertThrows(IllegalArgumentException.class, guest.device::resized);
        assertEquals(SECTORS, guest.config(0, 8));
    }

    @Test
    void impossibleDisksAreRefused() {
        BlockSettings good = new BlockSettings("a", false);
        assertThrows(IllegalArgumentException.class, () -> new BlockDevice(new HeapDisk(513), good));
        assertThrows(IllegalArgumentException.class, () -> new BlockSettings("x".repeat(21), false));
        assertThrows(IllegalArgumentException.class, () -> new BlockSettings("\u00fc", false));
        assertThrows(IllegalArgumentException.class, () -> new BlockSettings("a", false, 0, RateLimit.NONE));
        assertThrows(IllegalArgumentException.class, () -> new BlockSettings("a", false, 65, RateLimit.NONE));
    }
}
