package dev.stardust.hypervisor.boot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.boot.BootCatalog.Entry;
import dev.stardust.hypervisor.boot.BootCatalog.Media;
import dev.stardust.hypervisor.boot.BootCatalog.Platform;
import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BootCatalogTest {
    private static final int AT = TestIso.CATALOG * TestIso.SECTOR;

    private TestIso iso = new TestIso(24);
    private int end = AT;

    private BootCatalogTest add(int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            iso.bytes().put(end + i, (byte) bytes[i]);
        }
        end += 32;
        return this;
    }

    /** A validation entry whose checksum is right. */
    private BootCatalogTest validation(int platform) {
        add(1, platform);
        ByteBuffer out = iso.bytes();
        out.putShort(AT + 30, (short) 0xaa55).putShort(AT + 28, (short) -(0xaa55 + 1 + (platform << 8)));
        return this;
    }

    private List<Entry> entries() {
        return BootCatalog.read(iso.image()).orElseThrow().entries();
    }

    private String refusal() {
        return assertThrows(BootException.class, this::entries).getMessage();
    }

    @Test
    void sectionsAndExtensionsAreRead() {
        validation(0)
                .add(0x88, 0, 0, 0, 0, 0, 4, 0, 21)
                .add(0x90, 0xef, 1)
                .add(0x88, 0x20, 0, 0, 0, 0, 0x40, 0x0b, 22)
                .add(0x44, 0x20)
                .add(0x44, 0)
                .add(0x91, 2, 2)
                .add(0, 4, 0x34, 0x12, 6, 0, 1, 0, 23)
                .add(0x88, 2, 0, 0, 0, 0, 1, 0, 23);
        assertEquals(
                List.of(
                        new Entry(true, Media.NO_EMULATION, Platform.X86, 0x7c0, 0, 4, 21),
                        new Entry(true, Media.NO_EMULATION, Platform.EFI, 0x7c0, 0, 2880, 22),
                        new Entry(false, Media.HARD_DISK, Platform.MAC, 0x1234, 6, 1, 23),
                        new Entry(true, Media.FLOPPY_1440, Platform.MAC, 0x7c0, 0, 1, 23)),
                entries());
    }

    @Test
    void entriesGoOnInTheNextSector() {
        validation(1).add(0x88, 0, 0, 0, 0, 0, 4, 0, 21).add(0x91, 0xef, 70);
        for (int i = 0; i < 70; i++) {
            add(0x88, 0, 0, 0, 0, 0, 1, 0, i);
        }
        List<Entry> entries = entries();
        assertEquals(71, entries.size());
        assertEquals(Platform.POWERPC, entries.get(0).platform());
        assertEquals(69, entries.get(70).lba());
    }

    @Test
    void imageWithoutBootRecordHasNoCatalog() {
        iso.bytes().put(17 * TestIso.SECTOR + 7, new byte[32]);
        assertTrue(BootCatalog.read(iso.image()).isEmpty());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, without a validation entry",
        "0, 2, without a validation entry",
        "30, 0, without a validation entry",
        "31, 0x55, without a validation entry",
        "1, 1, wrong checksum",
        "28, 1, wrong checksum",
        "32, 0x77, an entry that begins with 0x77",
        "67, 2, beyond its end",
    })
    void damagedCatalogIsRefusedInWords(int offset, String value, String told) {
        validation(0).add(0x88, 0, 0, 0, 0, 0, 4, 0, 21).add(0x91, 0xef, 1).add(0x88);
        iso.bytes().put(AT + offset, Integer.decode(value).byteValue());
        assertTrue(refusal().contains(told), this::refusal);
    }

    @Test
    void missingExtensionIsRefused() {
        validation(0)
                .add(0x88, 0, 0, 0, 0, 0, 4, 0, 21)
                .add(0x91, 0, 1)
                .add(0x88, 0x20)
                .add(0x88);
        assertTrue(refusal().contains("without the extension"), this::refusal);
    }

    @Test
    void noEmulationGivesTheBytesOfItsSectors() {
        validation(0).add(0x88, 0, 0, 0, 0, 0, 3, 0, 22);
        ByteBuffer out = iso.bytes();
        out.put(22 * TestIso.SECTOR, (byte) 0xeb).put(22 * TestIso.SECTOR + 3 * 512 - 1, (byte) 7);
        byte[] expected = new byte[3 * 512];
        expected[0] = (byte) 0xeb;
        expected[expected.length - 1] = 7;
        assertArrayEquals(expected, BootCatalog.load(iso.image(), entries().get(0)));
    }

    @ParameterizedTest
    @CsvSource({
        "0x88, 2, 1, 21, an emulated 1.44 MB floppy",
        "0x88, 1, 1, 21, an emulated 1.2 MB floppy",
        "0x88, 3, 1, 21, an emulated 2.88 MB floppy",
        "0x88, 4, 1, 21, an emulated hard disk",
        "0x88, 9, 1, 21, an emulated unknown",
        "0, 0, 1, 21, marked as not bootable",
        "0x88, 0, 0, 21, of no sectors",
        "0x88, 0, 4, 24, beyond its end",
        "0x88, 0, 5, 23, beyond its end",
    })
    void whatCannotBeBootedIsRefusedInWords(String bootable, int media, int sectors, int lba, String told) {
        validation(0).add(Integer.decode(bootable), media, 0, 0, 0, 0, sectors, 0, lba);
        String text = assertThrows(
                        BootException.class,
                        () -> BootCatalog.load(iso.image(), entries().get(0)))
                .getMessage();
        assertTrue(text.startsWith("test.iso ") && text.contains(told), text);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0x88, 2, an emulated 1.44 MB floppy",
        "0, 0x88, 4, an emulated hard disk",
        "0, 0, 0, marked as not bootable",
        "0xef, 0x88, 0, a default boot entry for EFI",
    })
    void whatNoBiosStartsIsRefusedInWords(String platform, String bootable, int media, String told) {
        validation(Integer.decode(platform)).add(Integer.decode(bootable), media, 0, 0, 0, 0, 1, 0, 21);
        String text = assertThrows(BootException.class, () -> BootCatalog.checkForBios(iso.image()))
                .getMessage();
        assertTrue(text.contains(told), text);
    }

    @Test
    void biosStartsTheDefaultEntry() {
        validation(0).add(0x88, 0, 0, 0, 0, 0, 1, 0, 21).add(0x91, 0xef, 1).add(0x88, 2);
        BootCatalog.checkForBios(iso.image());
        iso.bytes().put(17 * TestIso.SECTOR + 7, new byte[32]);
        assertThrows(BootException.class, () -> BootCatalog.checkForBios(iso.image()));
    }

    @Property(tries = 3000)
    void hostileCatalogGivesEntriesOrARefusal(
            @ForAll @Size(max = 40) byte[] junk, @ForAll @IntRange(max = 300) int at, @ForAll boolean sections) {
        iso = new TestIso(24);
        end = AT;
        validation(0).add(0x88, 0, 0, 0, 0, 0, 4, 0, 21);
        if (sections) {
            add(0x90, 0xef, 1)
                    .add(0x88, 0x20)
                    .add(0x44, 0)
                    .add(0x91, 0, 2)
                    .add(0x88)
                    .add(0x88);
        }
        iso.bytes().put(AT + at, junk);
        try {
            List<Entry> entries = entries();
            assertTrue(!entries.isEmpty() && entries.size() <= 1024);
            for (Entry entry : entries) {
                assertTrue(entry.loadSegment() > 0 && entry.lba() >= 0 && entry.sectors() >= 0);
            }
        } catch (BootException e) {
            assertTrue(e.getMessage().startsWith("test.iso "), e.getMessage());
        }
    }
}
