package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class AmlTest {
    private static String hex(byte[] bytes) {
        return HexFormat.ofDelimiter(" ").formatHex(bytes);
    }

    @Test
    void integersTakeTheirShortestForm() {
        assertEquals("00", hex(Aml.integer(0)));
        assertEquals("01", hex(Aml.integer(1)));
        assertEquals("0a 02", hex(Aml.integer(2)));
        assertEquals("0a ff", hex(Aml.integer(255)));
        assertEquals("0b 00 01", hex(Aml.integer(256)));
        assertEquals("0b ff ff", hex(Aml.integer(0xffff)));
        assertEquals("0c 00 00 01 00", hex(Aml.integer(0x10000)));
        assertEquals("0c ff ff ff ff", hex(Aml.integer(0xffff_ffffL)));
        assertEquals("0e 00 00 00 00 01 00 00 00", hex(Aml.integer(1L << 32)));
        assertEquals("0e ff ff ff ff ff ff ff ff", hex(Aml.integer(-1)));
    }

    @Test
    void namesArePaddedAndPrefixed() {
        assertEquals("5f 53 35 5f", hex(Aml.path("_S5")));
        assertEquals("5c 5f 53 42 5f", hex(Aml.path("\\_SB")));
        assertEquals("5c 2e 5f 53 42 5f 50 57 52 42", hex(Aml.path("\\_SB.PWRB")));
        assertEquals("2f 03 41 5f 5f 5f 42 5f 5f 5f 43 5f 5f 5f", hex(Aml.path("A.B.C")));
    }

    @Test
    void eisaIdIsThatOfTheSpecification() {
        assertEquals("0c 41 d0 05 01", hex(Aml.eisaId("PNP0501")));
        assertEquals("0c 41 d0 0c 0c", hex(Aml.eisaId("PNP0C0C")));
    }

    /** The length counts its own bytes, of which there are as few as may be. */
    @Property
    void lengthsAreDecodedAsTheyAreMeant(@ForAll @IntRange(max = 1 << 21) int size) {
        byte[] scope = Aml.scope("\\_SB", new byte[size]);
        int lead = scope[1] & 0xff;
        int more = lead >> 6;
        int length = more == 0 ? lead & 0x3f : lead & 0xf;
        for (int i = 0; i < more; i++) {
            length |= (scope[2 + i] & 0xff) << (4 + 8 * i);
        }
        assertEquals(scope.length - 1, length);
        assertEquals("5c 5f 53 42 5f", hex(Arrays.copyOfRange(scope, 2 + more, 7 + more)));
        assertEquals(5 + 1 + more + size, length);
    }

    @Test
    void lengthChangesItsWidthWhereTheSpecificationDoes() {
        assertEquals("10 3f", hex(Arrays.copyOf(Aml.scope("\\_SB", new byte[57]), 2)));
        assertEquals("10 41 04", hex(Arrays.copyOf(Aml.scope("\\_SB", new byte[58]), 3)));
        assertEquals("10 4f ff", hex(Arrays.copyOf(Aml.scope("\\_SB", new byte[0xfff - 7]), 3)));
        assertEquals("10 81 00 01", hex(Arrays.copyOf(Aml.scope("\\_SB", new byte[0xfff - 6]), 4)));
    }
}
