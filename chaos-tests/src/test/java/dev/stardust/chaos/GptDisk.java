package dev.stardust.chaos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32;

/** Writes a GPT with one partition (UEFI specification 2.10, chapter 5) into a disk: sectors of 512 bytes, 128 entries. */
final class GptDisk {
    static final int START_BYTE = 1 << 20;
    static final String PARTITION = "01234567-89ab-cdef-0123-456789abcdef";

    private static final int SECTOR_BYTES = 512;
    private static final int ENTRIES_BYTES = 128 * 128;
    private static final int HEADER_BYTES = 92;

    private GptDisk() {}

    /** Gives a disk that is there a partition of all but 1 MiB at its beginning and at its end. */
    static void partition(Path disk) throws IOException {
        try (FileChannel file = FileChannel.open(disk, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long sectors = file.size() / SECTOR_BYTES;
            ByteBuffer entries = little(ENTRIES_BYTES);
            // Linux's type, then the partition's own id; the first three parts of each are little-endian.
            entries.putInt(0x0fc63daf)
                    .putShort((short) 0x8483)
                    .putShort((short) 0x4772)
                    .putLong(0xe47d47d8693d798eL);
            entries.putInt(0x01234567)
                    .putShort((short) 0x89ab)
                    .putShort((short) 0xcdef)
                    .putLong(0xefcdab8967452301L);
            entries.putLong(START_BYTE / SECTOR_BYTES).putLong(sectors - START_BYTE / SECTOR_BYTES - 1);
            ByteBuffer header = little(SECTOR_BYTES);
            header.putLong(0x5452_4150_2049_4645L)
                    .putInt(0x10000)
                    .putInt(HEADER_BYTES)
                    .putInt(0)
                    .putInt(0);
            header.putLong(1)
                    .putLong(sectors - 1)
                    .putLong(34)
                    .putLong(sectors - 34)
                    .putLong(7)
                    .putLong(7);
            header.putLong(2).putInt(128).putInt(128).putInt(crc(entries, ENTRIES_BYTES));
            header.putInt(16, crc(header, HEADER_BYTES));
            ByteBuffer mbr = little(SECTOR_BYTES);
            mbr.put(0x1c2, (byte) 0xee).putInt(0x1c6, 1).putInt(0x1ca, (int) (sectors - 1));
            mbr.putShort(0x1fe, (short) 0xaa55);
            file.write(mbr.rewind(), 0);
            file.write(header.rewind(), SECTOR_BYTES);
            file.write(entries.rewind(), 2 * SECTOR_BYTES);
        }
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int crc(ByteBuffer bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes.slice(0, length));
        return (int) crc.getValue();
    }
}
