package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Elf64Test {
    @Test
    void segmentsAndEntryAreThoseOfTheFile() {
        Elf64 elf = Elf64.parse("kernel", TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000));
        assertEquals(0x100000, elf.entry());
        assertEquals(0x102000, elf.endAddress());
        Elf64.Segment segment = elf.segments().get(0);
        assertEquals(new Elf64.Segment(0x100000, TestElf.CODE_OFFSET, 3, 0x2000, true), segment);
    }

    /** Offset and width of a field, a bad value, and what the refusal must tell. */
    @ParameterizedTest
    @CsvSource({
        "0, 4, 0x7f454c47, is not an ELF file",
        "4, 1, 1, is not a 64-bit",
        "5, 1, 2, is not a 64-bit",
        "6, 1, 0, unknown ELF version",
        "16, 2, 3, -no-pie",
        "18, 2, 183, is not for x86-64",
        "20, 4, 2, unknown ELF version",
        "24, 8, 0x300000, entry 0x300000",
        "24, 8, -1, entry",
        "32, 8, 1, program headers outside",
        "32, 8, 0x7fffffffffffffff, program headers outside",
        "32, 8, -8, program headers outside",
        "52, 2, 63, ELF header size",
        "54, 2, 57, program header size",
        "56, 2, 0, 0 program headers",
        "56, 2, 65535, 65535 program headers",
        "64, 4, 3, dynamically linked",
        "64, 4, 6, no loadable segment",
        "68, 4, 6, outside every executable segment",
        "72, 8, 0x100000, segment 0 outside the file",
        "72, 8, -1, segment 0 outside the file",
        "88, 8, 0xfffff, kernels load at 0x100000",
        "88, 8, 0x7fffffffffffffff, kernels load at",
        "88, 8, -4096, kernels load at",
        "96, 8, 0x2001, outside the file",
        "96, 8, -1, segment 0 outside the file",
        "104, 8, 1, larger in the file than in memory",
        "104, 8, -1, larger in the file than in memory",
        "104, 8, 0x7fffffffffffffff, kernels load at",
    })
    void badFieldIsRefusedInWords(int offset, int width, String value, String told) {
        byte[] file = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        ByteBuffer out = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        long bad = Long.decode(value);
        Consumer<Long> put =
                switch (width) {
                    case 1 -> v -> out.put(offset, v.byteValue());
                    case 2 -> v -> out.putShort(offset, v.shortValue());
                    case 4 -> v -> out.putInt(offset, v.intValue());
                    default -> v -> out.putLong(offset, v);
                };
        put.accept(bad);
        String text = assertThrows(BootException.class, () -> Elf64.parse("kernel", file))
                .getMessage();
        assertTrue(text.startsWith("kernel ") && text.contains(told), text);
    }

    @Test
    void overlappingSegmentsAreRefused() {
        byte[] one = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        byte[] two = new byte[one.length];
        System.arraycopy(one, 0, two, 0, one.length);
        ByteBuffer out = ByteBuffer.wrap(two).order(ByteOrder.LITTLE_ENDIAN);
        out.putShort(56, (short) 2);
        out.put(120, one, 64, 56);
        out.putLong(120 + 24, 0x101fff);
        assertTrue(assertThrows(BootException.class, () -> Elf64.parse("kernel", two))
                .getMessage()
                .contains("overlap"));
    }

    @Test
    void missingFileIsNamed() {
        assertTrue(assertThrows(BootException.class, () -> Elf64.read(Path.of("no", "such", "kernel")))
                .getMessage()
                .contains("no/such/kernel"));
    }

    @Property
    void cutFileIsRefused(@ForAll @IntRange(max = 0x1002) int length) {
        byte[] file = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        byte[] cut = java.util.Arrays.copyOf(file, length);
        assertThrows(BootException.class, () -> Elf64.parse("kernel", cut));
    }

    @Property(tries = 5000)
    void changedHeadersGiveSegmentsInBoundsOrARefusal(
            @ForAll @Size(min = 1, max = 4) byte[] junk, @ForAll @IntRange(max = 119) int at) {
        byte[] file = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        System.arraycopy(junk, 0, file, at, junk.length);
        try {
            Elf64 elf = Elf64.parse("kernel", file);
            long previous = Elf64.LOAD_START;
            for (Elf64.Segment s : elf.segments()) {
                assertTrue(s.address() >= previous && s.end() > s.address());
                assertTrue(s.fileOffset() >= 0 && s.fileBytes() >= 0 && s.fileBytes() <= s.memoryBytes());
                assertTrue((long) s.fileOffset() + s.fileBytes() <= file.length);
                previous = s.end();
            }
        } catch (BootException e) {
            assertFalse(e.getMessage().isBlank());
        }
    }
}
