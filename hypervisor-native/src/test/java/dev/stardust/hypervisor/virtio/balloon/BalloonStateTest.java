package dev.stardust.hypervisor.virtio.balloon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class BalloonStateTest {
    private static final String GOLDEN = "01000000" + "00010000" + "ff000000" + "aaaaaaaa";

    @Test
    void layoutIsTheDocumentedOne() {
        BalloonState state = new BalloonState(256, 255, 0xaaaa_aaaa);
        assertArrayEquals(HexFormat.of().parseHex(GOLDEN), state.toBytes());
        assertEquals(state, BalloonState.parse(state.toBytes(), 256));
    }

    @Test
    void balloonOfMoreThanTheMachineHasIsRefused() {
        byte[] state = new BalloonState(257, 0, 0).toBytes();
        Exception e = assertThrows(IllegalArgumentException.class, () -> BalloonState.parse(state, 256));
        assertEquals("its balloon is to hold 257 pages, this machine has 256", e.getMessage());
        byte[] huge = new BalloonState(-1, 0, 0).toBytes();
        assertThrows(IllegalArgumentException.class, () -> BalloonState.parse(huge, 256));
    }

    @Test
    void stateOfAnotherVersionOrLengthIsRefused() {
        byte[] newer = HexFormat.of().parseHex(GOLDEN.replaceFirst("01", "02"));
        Exception e = assertThrows(IllegalArgumentException.class, () -> BalloonState.parse(newer, 256));
        assertEquals("the state of a balloon has version 2, this program knows 1", e.getMessage());
        for (int length = 0; length < 2 * BalloonState.SIZE; length++) {
            byte[] cut = Arrays.copyOf(HexFormat.of().parseHex(GOLDEN), length);
            if (length != BalloonState.SIZE) {
                assertThrows(IllegalArgumentException.class, () -> BalloonState.parse(cut, 256));
            }
        }
    }

    @Property
    void anyNumbersComeBack(@ForAll int numPages, @ForAll int actual, @ForAll int poisonVal) {
        BalloonState state = new BalloonState(numPages, actual, poisonVal);
        assertEquals(state, BalloonState.parse(state.toBytes(), 1L << 32));
    }
}
