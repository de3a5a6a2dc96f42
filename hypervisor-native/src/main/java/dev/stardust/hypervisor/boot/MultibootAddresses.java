package dev.stardust.hypervisor.boot;

import static dev.stardust.hypervisor.boot.MultibootImage.check;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * The addresses by which a Multiboot header tells where a file that need not be ELF goes; the same four numbers in both
 * versions. All are guest-physical.
 *
 * @param header where the header goes
 * @param load where the first byte to load goes, which is as far before the header in the file as in memory; all ones
 *     for the file's first byte
 * @param loadEnd after the last byte from the file; 0 for the file's end
 * @param bssEnd after the last byte to be zeroed; 0 for none
 */
record MultibootAddresses(long header, long load, long loadEnd, long bssEnd) {
    private static final long FROM_FILE_START = 0xffff_ffffL;

    /** Reads them from a header. */
    static MultibootAddresses read(ByteBuffer in, int at) {
        return new MultibootAddresses(word(in, at), word(in, at + 4), word(in, at + 8), word(in, at + 12));
    }

    static long word(ByteBuffer in, int at) {
        return Integer.toUnsignedLong(in.getInt(at));
    }

    /**
     * What they say to load.
     *
     * @param headerOffset where the header is in the file
     * @throws BootException if that is not in the file, or the entry not in it
     */
    MultibootImage image(BootFile file, long headerOffset, long entry) {
        long address = load == FROM_FILE_START ? header - headerOffset : load;
        long offset = headerOffset - (header - address);
        check(
                offset >= 0 && offset <= headerOffset,
                file,
                "has a Multiboot header that loads from before the file or from after the header");
        long fileBytes = loadEnd == 0 ? file.sizeBytes() - offset : loadEnd - address;
        long memoryBytes = bssEnd == 0 ? fileBytes : bssEnd - address;
        return new MultibootImage(
                file, List.of(new MultibootImage.Piece(address, offset, fileBytes, memoryBytes)), entry);
    }
}
