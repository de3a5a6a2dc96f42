package dev.stardust.hypervisor.virtio.scsi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ScsiStateTest {
    private static final byte[] GOLDEN = ScsiGuest.hex("01000000 20000000 60000000 00290600 1400000000000000");

    @Test
    void layoutIsTheDocumentedOne() {
        assertArrayEquals(GOLDEN, new ScsiState(32, 96, Sense.POWER_ON_OR_RESET, 20).toBytes());
        assertEquals(new ScsiState(32, 96, Sense.POWER_ON_OR_RESET, 20), ScsiState.parse(GOLDEN));
    }

    @Property
    void anyBytesAreParsedOrRefused(@ForAll @Size(max = 30) byte[] bytes) {
        try {
            ScsiState.parse(bytes);
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().startsWith("the saved state of a SCSI CD cannot be read: "), e.getMessage());
        }
    }

    @Property
    void anyFieldIsParsedOrRefused(@ForAll @IntRange(max = 5) int field, @ForAll int value) {
        byte[] bytes = GOLDEN.clone();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(field * 4, value);
        try {
            ScsiState state = ScsiState.parse(bytes);
            assertTrue(state.cdbSize() >= 16 && state.cdbSize() <= 256, state.toString());
            assertTrue(state.senseSize() >= 0 && state.senseSize() <= 256, state.toString());
            assertArrayEquals(bytes, state.toBytes());
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().startsWith("the saved state of a SCSI CD cannot be read: "), e.getMessage());
        }
    }

    @Test
    void restoredDriveGoesOnAsItWas() {
        try (ScsiGuest guest = new ScsiGuest();
                ScsiGuest other = new ScsiGuest()) {
            guest.driver.start();
            guest.driver.transport().write(0x100 + 20, 4, 8);
            guest.driver.transport().write(0x100 + 24, 4, 16);
            guest.driver.transport().pause();
            byte[] state = guest.driver.transport().save();
            other.driver.transport().restore(state);
            assertEquals(8, other.driver.transport().read(0x100 + 20, 4));
            assertEquals(16, other.driver.transport().read(0x100 + 24, 4));
            assertArrayEquals(guest.device.save(), other.device.save());
        }
    }

    @Test
    void driveWithAnotherDiscIsRefused() {
        try (ScsiGuest guest = new ScsiGuest()) {
            Exception e = assertThrows(IllegalArgumentException.class, () -> new ScsiDevice(new HeapDisk(4096), "cd-0")
                    .restore(guest.device.save()));
            assertEquals("the state is of a CD of 20 blocks, this one has 2", e.getMessage());
        }
    }
}
