package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Elf64Test {
    @TempDir
    Path dir;

    @Test
    void segmentsAndEntryAreThoseOfTheFile() {
        try (BootFile file = TestFiles.open(TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000));
                GuestMemory memory = GuestMemory.create(2 << 20)) {
            Elf64 elf = Elf64.parse(file);
            assertEquals(0x100000, elf.entry());
            assertEquals(0x102000, elf.endAddress());
            Elf64.Segment segment = elf.segments().get(0);
            assertEquals(new Elf64.Segment(0x100000, TestElf.CODE_OFFSET, 3, 0x2000, true), segment);
            assertTrue(elf.isExecutable(0x101fff));
            assertFalse(elf.isExecutable(0x102000));

            elf.copyTo(memory);
            assertEquals(0x030201, memory.getU32(0x100000));
            assertEquals(0x100, memory.deviceDirty().nextSet(0));
        }
    }

    @Test
    void notesAreFoundByOwnerAndType() {
        byte[] notes = concat(
                TestElf.note("Linux", 0x100, new byte[] {9}),
                TestElf.note("Xen", 2, new byte[] {1, 2, 3}),
                TestElf.note("Xen", 18, new byte[] {4, 0, 0x10, 0}),
                TestElf.note("Stardust", 1, new byte[0]));
        try (BootFile file =
                TestFiles.open(TestElf.withNotes(TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000), notes))) {
            Elf64 elf = Elf64.parse(file);
            assertEquals(0x100004, elf.note("Xen", 18).getInt(0));
            assertEquals(3, elf.note("Xen", 2).capacity());
            assertEquals(0, elf.note("Stardust", 1).capacity());
            assertNull(elf.note("Xen", 1));
            assertNull(elf.note("Linux", 18));
        }
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    @Test
    void notesPaddedToEightBytesAreReadSo() {
        ByteBuffer in = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        in.putInt(4)
                .putInt(4)
                .putInt(5)
                .putInt(0x554e47)
                .putInt(16, 7)
                .putInt(24, 4)
                .putInt(32, 6)
                .putInt(36, 0x554e47);
        List<ElfNote> notes = ElfNote.parse("kernel", in, 8);
        assertEquals(List.of(5, 6), notes.stream().map(ElfNote::type).toList());
        assertEquals("GNU", notes.get(1).owner());
        assertEquals(7, notes.get(0).description().getInt(0));
    }

    @Test
    void noteThatReachesOutOfItsSegmentIsRefused() {
        byte[] elf = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        byte[] notes = TestElf.note("Xen", 18, new byte[4]);
        notes[4] = 5;
        assertRefused(TestElf.withNotes(elf, notes), "note that reaches out");
        notes[4] = -1;
        notes[7] = -1;
        assertRefused(TestElf.withNotes(elf, notes), "note that reaches out");
    }

    @Property(tries = 2000)
    void anyBytesAsNotesGiveNotesInBoundsOrARefusal(
            @ForAll @Size(max = 64) byte[] junk, @ForAll @IntRange(max = 3) int keep) {
        // Small numbers in the places of sizes let some of them pass.
        for (int i = 0; i < junk.length; i++) {
            junk[i] = (byte) (i % 4 > keep ? 0 : i % 4 == 0 ? junk[i] & 0x1f : junk[i]);
        }
        try {
            for (ElfNote note : ElfNote.parse("kernel", ByteBuffer.wrap(junk).order(ByteOrder.LITTLE_ENDIAN), 4)) {
                assertTrue(note.owner().length() + note.description().capacity() + 12 <= junk.length);
            }
        } catch (BootException e) {
            assertTrue(e.getMessage().contains("note"), e.getMessage());
        }
    }

    @Test
    void fileThatShrankWhileItIsCopiedIsRefused() throws Exception {
        Path path = Files.write(dir.resolve("kernel"), TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000));
        try (BootFile file = BootFile.open("kernel", path);
                GuestMemory memory = GuestMemory.create(2 << 20)) {
            Elf64 elf = Elf64.parse(file);
            Files.write(path, new byte[TestElf.CODE_OFFSET + 1]);
            assertTrue(assertThrows(BootException.class, () -> elf.copyTo(memory))
                    .getMessage()
                    .contains("is cut short"));
        }
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
        assertRefused(file, told);
    }

    private static void assertRefused(byte[] content, String told) {
        try (BootFile file = TestFiles.open(content)) {
            String text =
                    assertThrows(BootException.class, () -> Elf64.parse(file)).getMessage();
            assertTrue(text.startsWith("the kernel ") && text.contains(told), text);
        }
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
        assertRefused(two, "overlap");
    }

    @Test
    void whatIsNoFileIsNamed() {
        assertNotOpened(Path.of("no", "such", "kernel"), "cannot read the kernel no/such/kernel: ENOENT");
        assertNotOpened(dir, dir + ": it is not a regular file");
    }

    private static void assertNotOpened(Path path, String told) {
        String text = assertThrows(BootException.class, () -> BootFile.open("kernel", path))
                .getMessage();
        assertTrue(text.contains(told), text);
    }

    @Property
    void cutFileIsRefused(@ForAll @IntRange(max = 0x1002) int length) {
        byte[] file = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        byte[] cut = java.util.Arrays.copyOf(file, length);
        try (BootFile kernel = TestFiles.open(cut)) {
            assertThrows(BootException.class, () -> Elf64.parse(kernel));
        }
    }

    @Property(tries = 5000)
    void changedHeadersGiveSegmentsInBoundsOrARefusal(
            @ForAll @Size(min = 1, max = 4) byte[] junk, @ForAll @IntRange(max = 119) int at) {
        byte[] file = TestElf.of(0x100000, new byte[] {1, 2, 3}, 0x2000);
        System.arraycopy(junk, 0, file, at, junk.length);
        try (BootFile kernel = TestFiles.open(file)) {
            Elf64 elf = Elf64.parse(kernel);
            long previous = Elf64.LOAD_START;
            for (Elf64.Segment s : elf.segments()) {
                assertTrue(s.address() >= previous && s.end() > s.address());
                assertTrue(s.fileOffset() >= 0 && s.fileBytes() >= 0 && s.fileBytes() <= s.memoryBytes());
                assertTrue(s.fileOffset() + s.fileBytes() <= file.length);
                previous = s.end();
            }
        } catch (BootException e) {
            assertFalse(e.getMessage().isBlank());
        }
    }
}
