package dev.stardust.hypervisor.virtio.blk;

import static dev.stardust.hypervisor.virtio.blk.BlockGuest.*;
import static dev.stardust.hypervisor.virtio.blk.BlockRequest.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Discard and write zeroes. */
class BlockClearTest {
    private BlockGuest guest;
    private HeapDisk disk;

    @BeforeEach
    void start() {
        guest = new BlockGuest(new BlockSettings("disk-0", false)).started();
        disk = guest.disk;
    }

    @AfterEach
    void stop() {
        guest.close();
    }

    private static byte[] withZeros(byte[] bytes, int fromSector, int sectors) {
        byte[] expected = bytes.clone();
        Arrays.fill(expected, fromSector * 512, (fromSector + sectors) * 512, (byte) 0);
        return expected;
    }

    @Test
    void discardTakesAllItsRangesBack() {
        byte[] expected = withZeros(withZeros(disk.bytes(), 8, 8), SECTORS - 1, 1);
        assertEquals(S_OK, guest.clear(T_DISCARD, 8, 8, 0, SECTORS - 1, 1, 0, 3, 0, 0));
        assertArrayEquals(expected, disk.bytes());
        assertEquals(3, disk.discards());
        assertEquals(1, guest.driver.usedLength(0));
    }

    @Test
    void zeroingGivesSpaceBackOnlyWhenItMay() {
        byte[] expected = withZeros(disk.bytes(), 0, 4);
        assertEquals(S_OK, guest.clear(T_WRITE_ZEROES, 0, 2, 0));
        assertEquals(0, disk.discards());
        assertEquals(S_OK, guest.clear(T_WRITE_ZEROES, 2, 2, FLAG_UNMAP));
        assertEquals(1, disk.discards());
        assertArrayEquals(expected, disk.bytes());
    }

    @Test
    void oneBadRangeLeavesTheOthersUntouched() {
        byte[] before = disk.bytes().clone();
        for (int type : new int[] {T_DISCARD, T_WRITE_ZEROES}) {
            assertEquals(S_IOERR, guest.clear(type, 0, 1, 0, SECTORS, 1, 0));
            assertEquals(S_IOERR, guest.clear(type, 0, 1, 0, -1, 1, 0));
            assertEquals(S_IOERR, guest.clear(type, 0, 1, 0, Long.MAX_VALUE, 1, 0));
            assertEquals(S_IOERR, guest.clear(type, 0, 1, 0, 0, -1, 0));
            assertEquals(S_IOERR, guest.clear(type, 0, (1 << 18) + 1, 0));
            assertEquals(S_UNSUPP, guest.clear(type, 0, 1, 0, 1, 1, 2));
            assertEquals(S_UNSUPP, guest.clear(type, 0, 1, 1 << 31));
        }
        assertEquals(S_UNSUPP, guest.clear(T_DISCARD, 0, 1, FLAG_UNMAP));
        assertArrayEquals(before, disk.bytes());
        assertEquals(0, disk.transfers());
    }

    @Test
    void rangesThatAreNoneOrCutOrTooManyFail() {
        byte[] before = disk.bytes().clone();
        for (int length : new int[] {0, 1, 15, 17, 24, 17 * 16, 1 << 16}) {
            assertEquals(S_IOERR, guest.request(T_DISCARD, 0, length), length + " bytes of ranges");
        }
        assertArrayEquals(before, disk.bytes());
        long[] most = new long[16 * 3];
        for (int i = 0; i < 16; i++) {
            most[3 * i] = i;
            most[3 * i + 1] = 1;
        }
        assertEquals(S_OK, guest.clear(T_DISCARD, most));
        assertArrayEquals(withZeros(before, 0, 16), disk.bytes());
    }

    @Test
    void failingDiskIsAnErrorToTheGuest() {
        disk.failWith(new IOException("broken"));
        assertEquals(S_IOERR, guest.clear(T_DISCARD, 0, 1, 0));
    }

    @Property(tries = 300)
    void anyRangeIsClearedExactlyOrRefused(
            @ForAll boolean discard,
            @ForAll @IntRange(min = -2, max = SECTORS + 2) int sector,
            @ForAll @IntRange(min = -2, max = SECTORS + 2) int sectors) {
        try (BlockGuest any = new BlockGuest(new BlockSettings("disk-0", false)).started()) {
            byte[] before = any.disk.bytes().clone();
            boolean good = sector >= 0 && sectors >= 0 && sector + sectors <= SECTORS;
            int status = any.clear(discard ? T_DISCARD : T_WRITE_ZEROES, sector, sectors, 0);
            assertEquals(good ? S_OK : S_IOERR, status);
            assertArrayEquals(good ? withZeros(before, sector, sectors) : before, any.disk.bytes());
        }
    }
}
