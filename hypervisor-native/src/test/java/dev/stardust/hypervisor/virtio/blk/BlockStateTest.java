package dev.stardust.hypervisor.virtio.blk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.limit.RateLimit;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BlockStateTest {
    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    @Test
    void layoutIsTheDocumentedOne() {
        byte[] golden = hex("02000000 01000000 8000000000000000");
        assertArrayEquals(golden, new BlockState(128, true).toBytes());
        assertEquals(new BlockState(128, true), BlockState.parse(golden));
        assertEquals(new BlockState(1, false), BlockState.parse(hex("02000000 00000000 0100000000000000")));
    }

    @Test
    void stateOfTheFirstReleaseIsRead() {
        assertEquals(new BlockState(128, true), BlockState.parse(hex("8000000000000000")));
    }

    @Test
    void stateOfANewerVersionIsRefusedWithItsNumber() {
        Exception e = assertThrows(
                IllegalArgumentException.class, () -> BlockState.parse(hex("03000000 01000000 8000000000000000 00")));
        assertEquals(
                "the saved state of a disk cannot be read: its version is 3, this program knows 1 and 2",
                e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> BlockState.parse(hex("02000000 02000000 8000000000000000")));
    }

    @Property
    void anyBytesAreParsedOrRefused(@ForAll @Size(max = 20) byte[] bytes) {
        try {
            BlockState state = BlockState.parse(bytes);
            assertTrue(bytes.length == 8 || bytes.length == 16, state.toString());
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().startsWith("the saved state of a disk cannot be read: "), e.getMessage());
        }
    }

    @Test
    void restoredDiskKeepsItsCacheMode() {
        try (BlockGuest guest = new BlockGuest(new BlockSettings("a", false)).started();
                BlockGuest other = new BlockGuest(new BlockSettings("a", false))) {
            guest.driver.transport().write(0x100 + 32, 1, 0);
            guest.driver.transport().pause();
            other.driver.transport().restore(guest.driver.transport().save());
            assertEquals(0, other.config(32, 1));
            other.driver.transport().resume();
            other.memory.write(0, guest.bytes(0, 0x10000));
            assertEquals(BlockRequest.S_OK, other.request(BlockRequest.T_OUT, 0, 512));
            assertEquals(1, other.disk.flushes());
        }
    }

    @Test
    void grownDiskIsRestoredOnADiskAsLargeOnly() {
        try (BlockGuest guest = new BlockGuest(new BlockSettings("a", false)).started();
                BlockGuest other = new BlockGuest(new BlockSettings("a", false))) {
            guest.disk.resize(2 * BlockGuest.DISK_BYTES);
            guest.device.resized();
            guest.driver.transport().pause();
            byte[] state = guest.driver.transport().save();
            Exception e = assertThrows(
                    IllegalArgumentException.class,
                    () -> other.driver.transport().restore(state));
            assertEquals(
                    "cannot restore virtio device 2: the state is of a disk of 256 sectors, this one has 128",
                    e.getMessage());
            other.disk.resize(2 * BlockGuest.DISK_BYTES);
            other.device.resized();
            other.driver.transport().restore(state);
        }
    }

    @Test
    void diskWithOtherQueuesIsRefused() {
        try (BlockGuest guest = new BlockGuest(new BlockSettings("a", false)).started();
                BlockGuest other = new BlockGuest(new BlockSettings("a", false, 2, RateLimit.NONE))) {
            guest.driver.transport().pause();
            byte[] state = guest.driver.transport().save();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> other.driver.transport().restore(state));
        }
    }
}
