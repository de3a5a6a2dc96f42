package dev.stardust.vm.qemu;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Takes the pages of one block of RAM out of a stream of QEMU's while it comes, and keeps everything else as it is: a QEMU that
 * leaves shared RAM out writes the same for a block that is shared. Knows what QEMU 7.2 writes (its docs/devel/migration.rst,
 * migration/savevm.c and migration/ram.c) with no capability but {@code x-ignore-shared}; refuses everything else. All numbers
 * are big-endian.
 */
final class RamFilter {
    private static final int MAGIC = 0x5145564d; // "QEVM"
    private static final int VERSION = 3;

    /** What a part of the stream begins with. */
    private static final int END_OF_STREAM = 0;

    private static final int SECTION_START = 1;
    private static final int SECTION_PART = 2;
    private static final int SECTION_END = 3;
    private static final int SECTION_FULL = 4;
    private static final int SUBSECTION = 5;
    private static final int CONFIGURATION = 7;
    private static final int FOOTER = 0x7e;

    /** The section that all RAM is in; those of devices follow it. */
    private static final String RAM_SECTION = "ram";

    private static final int RAM_VERSION = 4;
    private static final String CAPABILITIES = "configuration/capabilities";

    /** In the low bits of a page's offset. */
    private static final int ZERO = 0x02;

    private static final int MEM_SIZE = 0x04;
    private static final int PAGE = 0x08;
    private static final int END_OF_SECTION = 0x10;
    private static final int CONTINUE = 0x20;

    private static final int PAGE_BYTES = 4096;
    private static final int MAX_BLOCKS = 1024;
    private static final int MAX_CAPABILITIES = 64;
    private static final int MAX_NAME_BYTES = 255;
    private static final int PIECE_BYTES = 64 << 10;

    /** A guest that stands still has each page in the stream once, and those that QEMU was still busy with a few times more. */
    private static final int MOST_TIMES = 4;

    private final DataInputStream in;
    private final String block;
    private final long mostPages;
    private final KeptBytes kept;
    private final byte[] page = new byte[PAGE_BYTES];

    /** Of RAM, once it has begun; a section's number is not negative here. */
    private long ramSection = -1;

    /** Whether pages that name no block are of the one that is left out; null while none was named. */
    private Boolean leftOut;

    private long pagesLeftOut;

    private RamFilter(InputStream in, String block, long blockBytes, int maxBytes) {
        this.in = new DataInputStream(new BufferedInputStream(in, PIECE_BYTES));
        this.block = block;
        mostPages = MOST_TIMES * (blockBytes / PAGE_BYTES);
        kept = new KeptBytes(maxBytes);
    }

    /**
     * The stream to its end, without the pages of a block.
     *
     * @param block QEMU's name of the block
     * @param blockBytes its size
     * @param maxBytes how much is kept at most
     * @throws IOException if it cannot be read, ends too early, is longer, or has something in it that this does not know
     */
    static byte[] withoutPages(InputStream in, String block, long blockBytes, int maxBytes) throws IOException {
        RamFilter filter = new RamFilter(in, block, blockBytes, maxBytes);
        try {
            filter.stream();
        } catch (EOFException e) {
            throw new IOException("QEMU's state ends in the middle", e);
        }
        return filter.kept.toArray();
    }

    private void stream() throws IOException {
        if (keepInt() != MAGIC || keepInt() != VERSION) {
            throw new IOException("QEMU's state is not a stream of version " + VERSION);
        }
        int type = keepByte();
        if (type == CONFIGURATION) {
            keepName(checkedLength(keepInt(), MAX_NAME_BYTES, "the machine's name"));
            type = keepByte();
            while (type == SUBSECTION) {
                capabilities();
                type = keepByte();
            }
        }
        while (type == SECTION_START || type == SECTION_PART || type == SECTION_END) {
            section(type);
            if (type == SECTION_END) {
                kept.addAll(in);
                return;
            }
            type = keepByte();
        }
        if (ramSection >= 0 || (type != SECTION_FULL && type != END_OF_STREAM)) {
            throw unknown("a part of type " + type + " before the end of RAM");
        }
        kept.addAll(in);
    }

    /** The only part of the configuration that such a machine writes. */
    private void capabilities() throws IOException {
        String name = keepName(keepByte());
        if (!name.equals(CAPABILITIES)) {
            throw unknown("a configuration of " + name);
        }
        keepInt();
        int count = checkedLength(keepInt(), MAX_CAPABILITIES, "the list of capabilities");
        for (int i = 0; i < count; i++) {
            keepName(keepByte());
        }
    }

    private void section(int type) throws IOException {
        long id = Integer.toUnsignedLong(keepInt());
        if (type == SECTION_START) {
            String name = keepName(keepByte());
            keepInt();
            int version = keepInt();
            if (!name.equals(RAM_SECTION) || version != RAM_VERSION || ramSection >= 0) {
                throw unknown("section " + name + " of version " + version + " before the end of RAM");
            }
            ramSection = id;
        } else if (id != ramSection) {
            throw unknown("section " + id + " before the end of RAM");
        }
        ram();
        if (keepByte() != FOOTER || Integer.toUnsignedLong(keepInt()) != id) {
            throw unknown("a section of RAM without its footer");
        }
    }

    private void ram() throws IOException {
        while (true) {
            long word = in.readLong();
            int flags = (int) (word & (PAGE_BYTES - 1));
            switch (flags) {
                case END_OF_SECTION -> {
                    kept.add(word, Long.BYTES);
                    return;
                }
                case MEM_SIZE -> {
                    kept.add(word, Long.BYTES);
                    blocks(word - flags);
                }
                case ZERO, ZERO | CONTINUE, PAGE, PAGE | CONTINUE -> page(word, flags);
                default -> throw unknown("pages with flags 0x" + Integer.toHexString(flags));
            }
        }
    }

    /** The list of blocks, whose lengths add up to the total. */
    private void blocks(long total) throws IOException {
        long left = total;
        for (int count = 0; left != 0; count++) {
            keepName(keepByte());
            long length = keepLong();
            keepLong();
            if (length <= 0 || length > left || count == MAX_BLOCKS) {
                throw unknown("a list of blocks that does not fit " + total + " bytes of RAM");
            }
            left -= length;
        }
    }

    private void page(long word, int flags) throws IOException {
        byte[] name = null;
        if ((flags & CONTINUE) == 0) {
            name = new byte[in.readUnsignedByte()];
            in.readFully(name);
            leftOut = text(name).equals(block);
        } else if (leftOut == null) {
            throw unknown("a page of no block");
        }
        int bytes = (flags & PAGE) != 0 ? PAGE_BYTES : 1;
        in.readFully(page, 0, bytes);
        if (leftOut) {
            if (++pagesLeftOut > mostPages) {
                throw unknown("more pages than RAM has");
            }
            return;
        }
        kept.add(word, Long.BYTES);
        if (name != null) {
            kept.add(name.length, Byte.BYTES);
            kept.add(name, name.length);
        }
        kept.add(page, bytes);
    }

    private int keepByte() throws IOException {
        int value = in.readUnsignedByte();
        kept.add(value, Byte.BYTES);
        return value;
    }

    private int keepInt() throws IOException {
        int value = in.readInt();
        kept.add(value, Integer.BYTES);
        return value;
    }

    private long keepLong() throws IOException {
        long value = in.readLong();
        kept.add(value, Long.BYTES);
        return value;
    }

    private String keepName(int length) throws IOException {
        byte[] name = new byte[length];
        in.readFully(name);
        kept.add(name, length);
        return text(name);
    }

    private static String text(byte[] name) {
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    private static int checkedLength(int length, int most, String what) throws IOException {
        if (length < 0 || length > most) {
            throw unknown(what + " with " + Integer.toUnsignedString(length) + " entries");
        }
        return length;
    }

    private static IOException unknown(String what) {
        return new IOException("QEMU's state has in it what this Stardust does not know: " + what);
    }
}
