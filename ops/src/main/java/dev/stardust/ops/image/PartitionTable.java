package dev.stardust.ops.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * Reads partition tables: GPT (UEFI specification 2.10, chapter 5) behind a protective MBR, else the four primary partitions
 * of an MBR. Sectors are of 512 bytes.
 */
final class PartitionTable {
    private static final int SECTOR_BYTES = 512;

    private static final int SIGNATURE_AT = 0x1fe;
    private static final int SIGNATURE = 0xaa55;
    private static final int DISK_ID_AT = 0x1b8;
    private static final int ENTRIES_AT = 0x1be;
    private static final int ENTRY_BYTES = 16;
    private static final int ENTRIES = 4;
    private static final int PROTECTIVE = 0xee;
    private static final int ACTIVE = 0x80;

    private static final long GPT_MAGIC = 0x5452_4150_2049_4645L; // "EFI PART"
    private static final int MIN_HEADER_BYTES = 92;
    private static final int HEADER_CRC_AT = 16;
    private static final int SELF_AT = 24;
    private static final int TABLE_AT = 72;
    private static final int COUNT_AT = 80;
    private static final int SIZE_AT = 84;
    private static final int TABLE_CRC_AT = 88;
    private static final int MIN_GPT_ENTRY_BYTES = 128;
    private static final int MAX_GPT_ENTRY_BYTES = 4096;
    private static final int MAX_TABLE_BYTES = 1 << 20;

    private PartitionTable() {}

    /**
     * The partitions of a disk; empty if it has no table.
     *
     * @throws IOException when it has one that is damaged
     */
    static List<Partition> read(RawDisk disk) throws IOException {
        if (!disk.has(0, SECTOR_BYTES)) {
            return List.of();
        }
        ByteBuffer mbr = disk.read(0, SECTOR_BYTES);
        if (Short.toUnsignedInt(mbr.getShort(SIGNATURE_AT)) != SIGNATURE) {
            return List.of();
        }
        for (int i = 0; i < ENTRIES; i++) {
            if (type(mbr, i) == PROTECTIVE) {
                return gpt(disk);
            }
        }
        return mbr(disk, mbr);
    }

    private static int type(ByteBuffer mbr, int entry) {
        return mbr.get(ENTRIES_AT + entry * ENTRY_BYTES + 4) & 0xff;
    }

    /** A boot sector of something else may have the same signature: then the rest is no table of partitions. */
    private static List<Partition> mbr(RawDisk disk, ByteBuffer mbr) {
        String id = String.format(Locale.ROOT, "%08x", mbr.getInt(DISK_ID_AT));
        List<Partition> found = new ArrayList<>();
        for (int i = 0; i < ENTRIES; i++) {
            int at = ENTRIES_AT + i * ENTRY_BYTES;
            int status = mbr.get(at) & 0xff;
            int type = type(mbr, i);
            long start = Integer.toUnsignedLong(mbr.getInt(at + 8)) * SECTOR_BYTES;
            long size = Integer.toUnsignedLong(mbr.getInt(at + 12)) * SECTOR_BYTES;
            boolean used = type != 0;
            if ((status != 0 && status != ACTIVE) || (used && (start == 0 || size == 0 || !disk.has(start, size)))) {
                return List.of();
            }
            if (used && !isExtended(type)) {
                String uuid = mbr.getInt(DISK_ID_AT) == 0 ? "" : id + String.format(Locale.ROOT, "-%02x", i + 1);
                found.add(new Partition(i + 1, start, size, uuid));
            }
        }
        return found;
    }

    private static boolean isExtended(int type) {
        return type == 0x05 || type == 0x0f || type == 0x85;
    }

    /** The second copy, in the last sector, is for when the first is damaged. */
    private static List<Partition> gpt(RawDisk disk) throws IOException {
        try {
            return gpt(disk, 1);
        } catch (DamagedTableException e) {
            try {
                return gpt(disk, disk.sizeBytes() / SECTOR_BYTES - 1);
            } catch (DamagedTableException second) {
                throw new IOException("its GPT is damaged (" + e.getMessage() + "; the copy at its end: "
                        + second.getMessage() + ")");
            }
        }
    }

    private static List<Partition> gpt(RawDisk disk, long sector) throws IOException, DamagedTableException {
        check(disk.has(sector * SECTOR_BYTES, SECTOR_BYTES), "the disk is too short for it");
        ByteBuffer header = disk.read(sector * SECTOR_BYTES, SECTOR_BYTES);
        check(header.getLong(0) == GPT_MAGIC, "it has no header");
        int headerBytes = header.getInt(12);
        check(headerBytes >= MIN_HEADER_BYTES && headerBytes <= SECTOR_BYTES, "its header is of a wrong size");
        int headerCrc = header.getInt(HEADER_CRC_AT);
        header.putInt(HEADER_CRC_AT, 0);
        check(crc(header, headerBytes) == headerCrc, "its header's checksum is wrong");
        check(header.getLong(SELF_AT) == sector, "its header is of another sector");
        int entryBytes = header.getInt(SIZE_AT);
        int count = header.getInt(COUNT_AT);
        check(
                entryBytes >= MIN_GPT_ENTRY_BYTES && entryBytes <= MAX_GPT_ENTRY_BYTES && entryBytes % 8 == 0,
                "its entries are of a wrong size");
        check(count >= 0 && (long) count * entryBytes <= MAX_TABLE_BYTES, "it has too many entries");
        long table = header.getLong(TABLE_AT);
        check(
                table >= 0
                        && table <= disk.sizeBytes() / SECTOR_BYTES
                        && disk.has(table * SECTOR_BYTES, (long) count * entryBytes),
                "its entries are not in the disk");
        ByteBuffer entries = disk.read(table * SECTOR_BYTES, count * entryBytes);
        check(crc(entries, count * entryBytes) == header.getInt(TABLE_CRC_AT), "its entries' checksum is wrong");
        List<Partition> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ByteBuffer entry = entries.slice(i * entryBytes, entryBytes).order(ByteOrder.LITTLE_ENDIAN);
            if (entry.getLong(0) != 0 || entry.getLong(8) != 0) {
                found.add(partition(disk, i + 1, entry));
            }
        }
        return found;
    }

    private static Partition partition(RawDisk disk, int number, ByteBuffer entry) throws DamagedTableException {
        long first = entry.getLong(32);
        long last = entry.getLong(40);
        long sectors = disk.sizeBytes() / SECTOR_BYTES;
        check(first > 0 && first <= last && last < sectors, "partition " + number + " is not in the disk");
        return new Partition(
                number,
                first * SECTOR_BYTES,
                (last - first + 1) * SECTOR_BYTES,
                guid(entry, 16).toString());
    }

    /** Its first three parts are little-endian, the rest is not. */
    private static UUID guid(ByteBuffer bytes, int at) {
        long high = Integer.toUnsignedLong(bytes.getInt(at)) << 32
                | Short.toUnsignedLong(bytes.getShort(at + 4)) << 16
                | Short.toUnsignedLong(bytes.getShort(at + 6));
        return new UUID(high, Long.reverseBytes(bytes.getLong(at + 8)));
    }

    private static int crc(ByteBuffer bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes.slice(0, length));
        return (int) crc.getValue();
    }

    private static void check(boolean ok, String otherwise) throws DamagedTableException {
        if (!ok) {
            throw new DamagedTableException(otherwise);
        }
    }

    /** One of the two copies cannot be used. */
    private static final class DamagedTableException extends Exception {
        private static final long serialVersionUID = 1L;

        DamagedTableException(String message) {
            super(message);
        }
    }
}
