package dev.stardust.hypervisor.boot;

import static dev.stardust.hypervisor.boot.TestMultiboot.FILE_BYTES;
import static dev.stardust.hypervisor.boot.TestMultiboot.HEADER;
import static dev.stardust.hypervisor.boot.TestMultiboot.LOAD;
import static dev.stardust.hypervisor.boot.TestMultiboot.tag;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultibootHeaderTest {
    private static final int ADDRESSES = 1 << 16;
    private static final MultibootInfo INFO = new MultibootInfo("", List.of(), List.of(), new byte[0], 0);

    private static MultibootImage image(byte[] file) {
        return TestMultiboot.with(
                file, kernel -> MultibootKernel.find(kernel).orElseThrow().place(TestMultiboot.ram()));
    }

    private static boolean found(byte[] file) {
        return TestMultiboot.with(file, kernel -> MultibootKernel.find(kernel).isPresent());
    }

    private static String refusal(byte[] file) {
        String text = assertThrows(
                        BootException.class,
                        () -> TestMultiboot.with(file, kernel -> {
                            MultibootKernel found = MultibootKernel.find(kernel).orElseThrow();
                            found.place(TestMultiboot.ram());
                            return found.information(INFO, 0);
                        }))
                .getMessage();
        assertTrue(text.startsWith("the kernel in memory "), text);
        return text;
    }

    @Test
    void addressesOfVersion1TellWhatIsLoaded() {
        MultibootImage image = image(TestMultiboot.version1(ADDRESSES | 3));
        assertEquals(List.of(new MultibootImage.Piece(LOAD, 0, FILE_BYTES, 2 * FILE_BYTES)), image.pieces());
        assertEquals(LOAD + 16, image.entry());

        image = image(TestMultiboot.version1(ADDRESSES, LOAD + 32, LOAD, LOAD + 100, 0, LOAD + 99));
        assertEquals(List.of(new MultibootImage.Piece(LOAD, HEADER - 32, 100, 100)), image.pieces());
    }

    @Test
    void addressesOfVersion2TellWhatIsLoaded() {
        MultibootImage image = image(TestMultiboot.version2());
        assertEquals(List.of(new MultibootImage.Piece(LOAD, 0, FILE_BYTES, 2 * FILE_BYTES)), image.pieces());
        assertEquals(LOAD + 16, image.entry());

        image = image(TestMultiboot.version2(tag(2, 0, (int) LOAD + HEADER, -1, 0, 0)));
        assertEquals(List.of(new MultibootImage.Piece(LOAD, 0, FILE_BYTES, FILE_BYTES)), image.pieces());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 8192 - 12, 8192 - 8, 8192, 2, 6})
    void headerOfVersion1IsFoundAtMultiplesOf4WithinTheFirst8Kib(int at) {
        byte[] file = new byte[3 * FILE_BYTES];
        byte[] header = Arrays.copyOfRange(TestMultiboot.version1(2), HEADER, HEADER + 12);
        System.arraycopy(header, 0, file, at, header.length);
        boolean expected = at % 4 == 0 && at + 12 <= 8192;
        if (expected) {
            assertTrue(refusal(file).contains("not an ELF file"));
        } else {
            assertEquals(false, found(file));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 32768 - 24, 32768 - 8, 4, 32768})
    void headerOfVersion2IsFoundAtMultiplesOf8WithinTheFirst32Kib(int at) {
        byte[] file = new byte[9 * FILE_BYTES];
        int length = 24;
        ByteBuffer out = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        out.position(at)
                .putInt(0xe85250d6)
                .putInt(0)
                .putInt(length)
                .putInt(-(0xe85250d6 + length))
                .put(tag(0, 0));
        if (at % 8 == 0 && at + length <= 32768) {
            assertTrue(refusal(file).contains("not an ELF file"));
        } else {
            assertEquals(false, found(file));
        }
    }

    @Test
    void wrongChecksumIsNoHeader() {
        byte[] file = TestMultiboot.version1(ADDRESSES);
        file[HEADER + 8]++;
        assertEquals(false, found(file));
        file = TestMultiboot.version2();
        file[HEADER + 12]++;
        assertEquals(false, found(file));
        assertEquals(false, found(new byte[0]));
    }

    @ParameterizedTest
    @CsvSource({
        "0x10004, a video mode (Multiboot flag 2)",
        "0x10008, Multiboot flag 3",
        "0x18000, Multiboot flag 15",
        "0x00003, not an ELF file",
    })
    void demandsOfVersion1AreRefusedByName(String flags, String told) {
        String text = refusal(TestMultiboot.version1(
                Integer.decode(flags), LOAD + HEADER, LOAD, 0, LOAD + 2 * FILE_BYTES, LOAD + 16));
        assertTrue(text.contains(told), text);
    }

    @ParameterizedTest
    @CsvSource({
        "4, 1, a console",
        "5, 640, a framebuffer",
        "7, 0, EFI boot services",
        "8, 0x200010, to be entered by EFI",
        "9, 0x200010, to be entered by EFI",
        "11, 0, header tag 11",
        "0x7777, 0, header tag 30583",
    })
    void demandsOfVersion2AreRefusedByNameUnlessOptional(int type, String word, String told) {
        int[] words = {Integer.decode(word), 0, 0, 0};
        assertTrue(refusal(TestMultiboot.version2(tag(type, 0, words))).contains(told), told);
        assertEquals(LOAD, image(TestMultiboot.version2(tag(type, 1, words))).start());
    }

    @ParameterizedTest
    @CsvSource({
        "5, BIOS boot device",
        "8, framebuffer information",
        "9, ELF sections",
        "12, EFI 64-bit system table",
        "15, ACPI 2.0 root pointer",
        "21, image load address",
        "22, unknown (Multiboot information type 22)",
        "-1, unknown",
    })
    void informationThatThereIsNotIsRefusedByNameUnlessOptional(int type, String told) {
        assertTrue(refusal(TestMultiboot.version2(tag(1, 0, 1, type))).contains(told), told);
        TestMultiboot.with(
                TestMultiboot.version2(tag(1, 1, 1, type)),
                kernel -> MultibootKernel.find(kernel).orElseThrow().information(INFO, 0));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0x100000, 0x1000000, 0x1000, 0x200000",
        "0, 0x300000, 0x1000000, 0x1000, 0x300000",
        "0, 0x100000, 0x1000000, 0x400000, 0x400000",
        "1, 0x0, 0x1000000, 0x1000, 0x100000",
        "1, 0x123456, 0xffffffff, 0x1000, 0x124000",
        "1, 0x100000, 0x102000, 0, 0x100000",
        "2, 0x100000, 0xffffffff, 0x1000, 0xffe000",
        "2, 0x100000, 0x800000, 0x200000, 0x600000",
    })
    void relocatableKernelGoesWhereItAsks(int preference, String min, String max, String alignment, String expected) {
        MultibootImage image = image(TestMultiboot.version2(tag(
                10,
                0,
                Long.decode(min).intValue(),
                Long.decode(max).intValue(),
                Integer.decode(alignment),
                preference)));
        assertEquals(Long.decode(expected), image.start());
        assertEquals(16, image.entry() - image.start());
    }

    @Test
    void relocatableKernelWithoutRoomIsRefused() {
        String text = refusal(TestMultiboot.version2(tag(10, 0, 0x100000, 0x101fff, 1, 2)));
        assertTrue(text.contains("takes 8192 bytes between 0x100000 and 0x101fff"), text);
    }

    @ParameterizedTest
    @CsvSource({
        "0x1fffbf, 0x200000, 0, 0, 0x200010, from after the header",
        "0x200040, 0x1fffff, 0, 0, 0x200010, from before the file",
        "0x200040, 0x200000, 0x201001, 0, 0x200010, outside the file",
        "0x200040, 0x200000, 0x1fffff, 0, 0x200010, outside the file",
        "0x200040, 0x200000, 0, 0x200fff, 0x200010, larger in the file than in memory",
        "0x200040, 0x200000, 0, 0, 0x201000, entry 0x201000 outside",
        "0x200040, 0x200000, 0, 0, 0x1fffff, entry 0x1fffff outside",
        "0xff040, 0xff000, 0, 0, 0xff000, kernels load at 0x100000 or above",
        "0xfffff840, 0xfffff800, 0, 0, 0xfffff800, end below 4 GiB",
        "0x20, 0xffffffff, 0, 0, 0, kernels load at",
    })
    void badAddressesAreRefusedInWords(
            String header, String load, String loadEnd, String bssEnd, String entry, String told) {
        String text = refusal(TestMultiboot.version1(
                ADDRESSES,
                Long.decode(header),
                Long.decode(load),
                Long.decode(loadEnd),
                Long.decode(bssEnd),
                Long.decode(entry)));
        assertTrue(text.contains(told), text);
    }

    @ParameterizedTest
    @CsvSource({
        "4, 4, architecture 4",
        "8, 0x10000, does not end within 32 KiB",
        "8, -8, does not end within 32 KiB",
        "8, 16, without an end tag",
        "8, 0, without an end tag",
        "20, 7, tag of 7 bytes",
        "20, -1, tag of -1 bytes",
        "20, 0x7fffffff, tag of 2147483647 bytes",
        "20, 20, header tag 2 with 20 of 24",
    })
    void damagedHeaderOfVersion2IsRefusedInWords(int offset, String value, String told) {
        byte[] file = TestMultiboot.version2();
        ByteBuffer out = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(HEADER + offset, Integer.decode(value));
        int sum = out.getInt(HEADER) + out.getInt(HEADER + 4) + out.getInt(HEADER + 8);
        out.putInt(HEADER + 12, -sum);
        assertTrue(refusal(file).contains(told), () -> refusal(file));
    }

    @Property(tries = 3000)
    void hostileHeaderGivesPiecesInBoundsOrARefusal(
            @ForAll boolean second, @ForAll @Size(min = 1, max = 8) byte[] junk, @ForAll @IntRange(max = 100) int at) {
        byte[] file = second
                ? TestMultiboot.version2(tag(10, 0, 0x100000, 0x800000, 0x1000, 1), tag(1, 0, 1, 6))
                : TestMultiboot.version1(ADDRESSES);
        System.arraycopy(junk, 0, file, HEADER + at, junk.length);
        ByteBuffer out = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (second) {
            out.putInt(HEADER + 12, -(out.getInt(HEADER) + out.getInt(HEADER + 4) + out.getInt(HEADER + 8)));
        } else {
            out.putInt(HEADER + 8, -(out.getInt(HEADER) + out.getInt(HEADER + 4)));
        }
        try {
            Optional<MultibootImage> image = TestMultiboot.with(
                    file, kernel -> MultibootKernel.find(kernel).map(found -> found.place(TestMultiboot.ram())));
            image.ifPresent(found -> checkBounds(found, file.length));
        } catch (BootException e) {
            assertTrue(e.getMessage().startsWith("the kernel in memory "), e.getMessage());
        }
    }

    static void checkBounds(MultibootImage image, int fileBytes) {
        long previous = Elf64.LOAD_START;
        for (MultibootImage.Piece piece : image.pieces()) {
            assertTrue(piece.address() >= previous && piece.end() >= piece.address() && piece.end() <= 1L << 32);
            assertTrue(piece.fileOffset() >= 0 && piece.fileBytes() >= 0 && piece.fileBytes() <= piece.memoryBytes());
            assertTrue(piece.fileOffset() + piece.fileBytes() <= fileBytes);
            previous = piece.end();
        }
        assertTrue(image.pieces().stream().anyMatch(piece -> piece.holds(image.entry())));
    }
}
