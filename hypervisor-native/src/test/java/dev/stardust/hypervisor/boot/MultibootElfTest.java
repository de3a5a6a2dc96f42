package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultibootElfTest {
    private static final int CODE = 0x200;
    private static final int CODE_BYTES = 0x100;

    /** A file of two segments; the first, of code, is linked to run at {@code virtual} and loads at 1 MiB. */
    private static byte[] elf(int bits, long virtual, long entry) {
        boolean small = bits == 32;
        ByteBuffer out = ByteBuffer.allocate(CODE + CODE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x464c457f)
                .put((byte) (small ? 1 : 2))
                .put((byte) 1)
                .put((byte) 1)
                .position(16);
        out.putShort((short) 2).putShort((short) (small ? 3 : 62)).putInt(1);
        if (small) {
            out.putInt((int) entry).putInt(52).putInt(0).putInt(0).putShort((short) 52);
        } else {
            out.putLong(entry).putLong(64).putLong(0).putInt(0).putShort((short) 64);
        }
        out.putShort((short) (small ? 32 : 56)).putShort((short) 2).position(small ? 52 : 64);
        segment(out, small, CODE, virtual, 0x100000, CODE_BYTES, 0x1000);
        segment(out, small, 0, virtual + 0x1000, 0x101000, 0, 0x2000);
        return out.array();
    }

    private static void segment(
            ByteBuffer out, boolean small, long offset, long virtual, long physical, long fileBytes, long memoryBytes) {
        if (small) {
            out.putInt(1).putInt((int) offset).putInt((int) virtual).putInt((int) physical);
            out.putInt((int) fileBytes).putInt((int) memoryBytes).putInt(5).putInt(0x1000);
        } else {
            out.putInt(1).putInt(5).putLong(offset).putLong(virtual).putLong(physical);
            out.putLong(fileBytes).putLong(memoryBytes).putLong(0x1000);
        }
    }

    private static MultibootImage parse(byte[] file) {
        return TestMultiboot.with(file, MultibootElf::parse);
    }

    @ParameterizedTest
    @CsvSource({
        "32, 0x100000, 0x100010",
        "32, 0xc0100000, 0xc0100010",
        "32, 0xc0100000, 0x100010",
        "64, 0x100000, 0x100010",
        "64, 0xffffffff80100000, 0xffffffff80100010",
        "64, 0xffffffff80100000, 0x100010",
    })
    void segmentsLoadAtPhysicalAddressesWhereverTheyAreLinkedTo(int bits, String virtual, String entry) {
        MultibootImage image = parse(elf(bits, unsigned(virtual), unsigned(entry)));
        assertEquals(
                List.of(
                        new MultibootImage.Piece(0x100000, CODE, CODE_BYTES, 0x1000),
                        new MultibootImage.Piece(0x101000, 0, 0, 0x2000)),
                image.pieces());
        assertEquals(0x100010, image.entry());
        assertEquals(0x103000, image.end());
    }

    private static long unsigned(String hex) {
        return Long.parseUnsignedLong(hex.substring(2), 16);
    }

    /** Offset and width of a field of a 32-bit file, a bad value, and what the refusal must tell. */
    @ParameterizedTest
    @CsvSource({
        "0, 4, 0, is not an ELF file",
        "4, 1, 3, not a little-endian ELF file",
        "4, 1, 2, not for x86 (e_machine 3)",
        "5, 1, 2, not a little-endian ELF file",
        "6, 1, 0, unknown ELF version",
        "16, 2, 3, -no-pie",
        "18, 2, 62, not for x86 (e_machine 62)",
        "24, 4, 0x103000, entry 0x103000 outside",
        "28, 4, 0x300, program headers outside",
        "28, 4, -1, program headers outside",
        "42, 2, 31, wrong program header size",
        "44, 2, 0, 0 program headers",
        "44, 2, -1, 65535 program headers",
        "52, 4, 3, dynamically linked",
        "56, 4, 0x201, outside the file",
        "56, 4, -1, outside the file",
        "64, 4, 0xfffff, kernels load at 0x100000",
        "64, 4, 0x100001, overlap",
        "68, 4, 0x101, outside the file",
        "72, 4, 0xff, larger in the file than in memory",
        "72, 4, -1, end below 4 GiB",
    })
    void badFieldIsRefusedInWords(int offset, int width, String value, String told) {
        byte[] file = elf(32, 0x100000, 0x100010);
        ByteBuffer out = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int bad = Integer.decode(value);
        switch (width) {
            case 1 -> out.put(offset, (byte) bad);
            case 2 -> out.putShort(offset, (short) bad);
            default -> out.putInt(offset, bad);
        }
        String text = assertThrows(BootException.class, () -> parse(file)).getMessage();
        assertTrue(text.startsWith("the kernel in memory ") && text.contains(told), text);
    }

    @Test
    void fileWithoutSegmentsIsRefused() {
        byte[] file = elf(64, 0x100000, 0x100010);
        file[64] = 6;
        file[64 + 56] = 6;
        assertTrue(assertThrows(BootException.class, () -> parse(file))
                .getMessage()
                .contains("has nothing to load"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 23, 24, 51, 52, 63, 115, 0x2ff})
    void cutFileIsRefused(int length) {
        for (int bits : new int[] {32, 64}) {
            byte[] cut = Arrays.copyOf(elf(bits, 0x100000, 0x100010), length);
            assertThrows(BootException.class, () -> parse(cut));
        }
    }

    @Property(tries = 3000)
    void hostileHeadersGivePiecesInBoundsOrARefusal(
            @ForAll boolean small, @ForAll @Size(min = 1, max = 8) byte[] junk, @ForAll @IntRange(max = 176) int at) {
        byte[] file = elf(small ? 32 : 64, 0x100000, 0x100010);
        System.arraycopy(junk, 0, file, at, junk.length);
        try {
            MultibootHeaderTest.checkBounds(parse(file), file.length);
        } catch (BootException e) {
            assertTrue(e.getMessage().startsWith("the kernel in memory "), e.getMessage());
        }
    }
}
