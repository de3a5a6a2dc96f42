package dev.stardust.ops.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Tables that sfdisk of util-linux 2.38.1 made, on disks of 64 MiB. */
class PartitionTableTest {
    private static final int DISK_BYTES = 64 << 20;

    /** Two partitions at sectors 2048 and 4096, of 2048 and 100,000: the first 34 sectors, and the last 33. */
    private static final String GPT =
            "H4sIAAAAAAAC/+3Suw4BQRSA4RmVbnkBcanUtAqJdWlEhEShkZClIRGNQiKh2UapFS2FB9CrbK9ZlZrEC6xhl14hQf4vmes5OVOc"
                    + "EQK/zCfOjuNItXPn91RXerYQLqXLFSGkqKub6zJeu0eetV5V/e5y9M5BJRpNJDKZ6oPPyx97Ixmyg3Tn++Ub7Uih2esOiq1WU32G"
                    + "lbLd7ve2fX549t3RPvP+JrXTJtN+bjZMdQ650cnQY3JtXiwZ0w1zbV1EwM1bzCXNAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAD8rRtk"
                    + "bHK/AEQAAA==";

    private static final String GPT_END =
            "H4sIAAAAAAAC/+3csQ7BcBDH8X83G30BoY0nIDF1kGjpIiJsFommDEjEYpBIWCxGq10HD9DdVKtYymLmEaqq8QYSke8nueF+uen2"
                    + "u2qnlzW7o+GkZlld3TB3Idf1PN+/R0RCRIKk+Iq9dkguluPKeqr1z5XZzdZVyVk9jpKq2yvn+BCp99x2IwkAAAAAAAAAAAAAAAAA"
                    + "AAAAAAAAAAAAAP6VbpiZeqnRFEIS7bAvDnKnVx4E73v7z9V9/AfgEudySFHy+XK5FbnG+TyuQtqX2e7vewJv+dzkAEIAAA==";

    /** Partitions at sectors 2048 and 40,000, of 20,480 and 50,000, and an extended one. */
    private static final String MBR =
            "H4sIAAAAAAAC/2NgGAVDEbzft/YeA0ODgiJDc5oqIwMHUCgAiO/yMrLGcjMZlDIwOMgD+TXWTM0zVVgd5gClD2OaEroKACkV1BcA"
                    + "AgAA";

    private static byte[] unpacked(String text) {
        try (GZIPInputStream in =
                new GZIPInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(text)))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Partition> read(byte[] begin, byte[] end) throws IOException {
        Path disk = Files.createTempFile("partitions-", ".raw");
        try {
            return read(disk, begin, end);
        } finally {
            Files.delete(disk);
        }
    }

    private static List<Partition> read(Path disk, byte[] begin, byte[] end) throws IOException {
        try (FileChannel file = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(begin), 0);
            file.write(ByteBuffer.wrap(end), DISK_BYTES - end.length);
        }
        try (RawDisk raw = RawDisk.open(disk)) {
            List<Partition> found = PartitionTable.read(raw);
            for (Partition p : found) {
                assertTrue(raw.has(p.startByte(), p.sizeBytes()), p::toString);
                assertTrue(p.startByte() > 0 && p.sizeBytes() > 0, p::toString);
            }
            return found;
        }
    }

    private static final List<Partition> OF_GPT = List.of(
            new Partition(1, 2048 * 512, 2048 * 512, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"),
            new Partition(2, 4096 * 512, 100_000 * 512, "01234567-89ab-cdef-0123-456789abcdef"));

    @Test
    void theTableOfSfdiskIsRead() throws IOException {
        assertEquals(OF_GPT, read(unpacked(GPT), unpacked(GPT_END)));
        assertEquals("/dev/vda2", OF_GPT.get(1).device());
        assertEquals(
                List.of(
                        new Partition(1, 2048 * 512, 20_480 * 512, "deadbeef-01"),
                        new Partition(3, 40_000 * 512, 50_000 * 512, "deadbeef-03")),
                read(unpacked(MBR), new byte[512]));
    }

    @Test
    void theCopyAtTheEndIsForWhenTheFirstIsDamaged() throws IOException {
        byte[] begin = unpacked(GPT);
        begin[512 + 72] ^= 1;
        assertEquals(OF_GPT, read(begin, unpacked(GPT_END)));
        begin = unpacked(GPT);
        begin[1024 + 32] ^= 1;
        assertEquals(OF_GPT, read(begin, unpacked(GPT_END)));
        byte[] broken = begin;
        String text = assertThrows(IOException.class, () -> read(broken, new byte[512]))
                .getMessage();
        assertTrue(
                text.contains("its GPT is damaged (its entries' checksum is wrong; the copy at its end: it has no"),
                text);
    }

    @Test
    void aDiskWithoutATableHasNone() throws IOException {
        assertEquals(List.of(), read(new byte[512], new byte[512]));
        byte[] bootSector = new byte[512];
        new Random(1).nextBytes(bootSector);
        bootSector[510] = 0x55;
        bootSector[511] = (byte) 0xaa;
        assertEquals(List.of(), read(bootSector, new byte[512]));
    }

    /** Both checksums of the header are made right again, so that the fields behind them are met. */
    @Property(tries = 500)
    void aChangedTableIsRefusedOrNamesOnlyWhatIsInTheDisk(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int changes, @ForAll boolean entries)
            throws IOException {
        byte[] begin = unpacked(GPT);
        Random random = new Random(seed);
        for (int i = 0; i < changes; i++) {
            int at = entries ? 1024 + random.nextInt(256) : 512 + random.nextInt(92);
            begin[at] = (byte) (random.nextBoolean() ? random.nextInt() : 0xff);
        }
        ByteBuffer b = ByteBuffer.wrap(begin).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        if (entries) {
            b.putInt(512 + 88, crc(b.slice(1024, 128 * 128)));
        }
        b.putInt(512 + 16, 0);
        b.putInt(512 + 16, crc(b.slice(512, 92)));
        try {
            read(begin, new byte[512]);
        } catch (IOException e) {
            assertFalse(e.getMessage().isBlank());
        }
    }

    private static int crc(ByteBuffer bytes) {
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    @Property(tries = 500)
    void anyMbrIsTakenOrNot(@ForAll long seed, @ForAll @IntRange(max = 3) int entry) throws IOException {
        byte[] begin = unpacked(MBR);
        Random random = new Random(seed);
        for (int i = 0; i < 16; i++) {
            if (random.nextInt(3) == 0) {
                begin[0x1be + entry * 16 + i] = (byte) random.nextInt();
            }
        }
        try {
            read(begin, new byte[512]);
        } catch (IOException e) {
            assertTrue(e.getMessage().startsWith("its GPT is damaged"), e.getMessage());
        }
    }
}
