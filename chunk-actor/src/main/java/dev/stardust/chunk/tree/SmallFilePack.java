package dev.stardust.chunk.tree;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Many small files in one chunk of at most 64 KiB, each still found by its number or its hash; {@code docs/formats-chunk.md}.
 *
 * <pre>
 *  header, 64 bytes                            entry, 40 bytes
 *  0          8         12        16           0               32        36       38
 *  +----------+---------+---------+--------+   +---------------+---------+--------+---------+
 *  | "SDPACK" | version | entries | zeros  |   | BLAKE3 of the | offset  | length | flags 0 |
 *  | 0 0      | 1, u32  | n, u32  |        |   | file          | u32     | u16    | u16     |
 *  +----------+---------+---------+--------+   +---------------+---------+--------+---------+
 * </pre>
 */
final class SmallFilePack {
    static final int MAX_BYTES = 64 << 10;

    /** Files of more bytes are chunks of their own. */
    static final int MAX_FILE_BYTES = 16 << 10;

    private static final long MAGIC = 0x4b4341504453L; // "SDPACK"
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 64;
    private static final int ENTRY_BYTES = 40;

    private final ByteBuffer bytes;
    private final int count;

    private SmallFilePack(ByteBuffer bytes, int count) {
        this.bytes = bytes;
        this.count = count;
    }

    /** A pack that is being filled. */
    static final class Builder {
        private record File(ChunkId hash, byte[] content) {}

        private final List<File> files = new ArrayList<>();
        private int dataBytes;

        boolean isEmpty() {
            return files.isEmpty();
        }

        /** How many bytes it would have now. */
        int bytes() {
            return HEADER_BYTES + files.size() * ENTRY_BYTES + dataBytes;
        }

        boolean fits(int contentBytes) {
            return bytes() + ENTRY_BYTES + contentBytes <= MAX_BYTES;
        }

        /** Adds a file that fits; gives its number. */
        int add(ChunkId hash, byte[] content) {
            files.add(new File(hash, content));
            dataBytes += content.length;
            return files.size() - 1;
        }

        /** Writes the pack to the beginning of {@code into} and forgets its files; gives how many bytes. */
        int writeTo(NativeBuffer into) {
            int total = bytes();
            ByteBuffer out = into.buffer();
            NativeBuffer.zero(into.address(), HEADER_BYTES);
            out.putLong(0, MAGIC).putInt(8, VERSION).putInt(12, files.size());
            int entry = HEADER_BYTES;
            int at = HEADER_BYTES + files.size() * ENTRY_BYTES;
            for (File file : files) {
                file.hash.put(out, entry);
                out.putInt(entry + 32, at);
                out.putShort(entry + 36, (short) file.content.length);
                out.putShort(entry + 38, (short) 0);
                NativeBuffer.copy(file.content, 0, into.address() + at, file.content.length);
                entry += ENTRY_BYTES;
                at += file.content.length;
            }
            files.clear();
            dataBytes = 0;
            return total;
        }
    }

    /**
     * Reads a pack.
     *
     * @param bytes all of it, from 0 to the limit, little-endian
     * @throws CorruptChunkException when it is none, contradicts itself, or is of a newer version
     */
    static SmallFilePack parse(ByteBuffer bytes) throws CorruptChunkException {
        ByteBuffer b = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (b.limit() < HEADER_BYTES || b.getLong(0) != MAGIC) {
            throw new CorruptChunkException("a chunk of " + b.limit() + " bytes is no pack of small files");
        }
        if (b.getInt(8) != VERSION) {
            throw new CorruptChunkException(
                    "a pack of small files has version " + b.getInt(8) + ", this program knows " + VERSION);
        }
        int count = b.getInt(12);
        if (count < 1 || count > (b.limit() - HEADER_BYTES) / ENTRY_BYTES) {
            throw new CorruptChunkException("a pack of " + b.limit() + " bytes has " + count + " files");
        }
        SmallFilePack pack = new SmallFilePack(b, count);
        for (int i = 0; i < count; i++) {
            if (pack.offset(i) < HEADER_BYTES + count * ENTRY_BYTES || pack.offset(i) > b.limit() - pack.length(i)) {
                throw new CorruptChunkException("file " + i + " of a pack lies outside of it");
            }
        }
        return pack;
    }

    int count() {
        return count;
    }

    ChunkId hash(int i) {
        return ChunkId.get(bytes, entry(i));
    }

    private int offset(int i) {
        return bytes.getInt(entry(i) + 32);
    }

    private int length(int i) {
        return bytes.getShort(entry(i) + 36) & 0xffff;
    }

    /** The bytes of file {@code i}. */
    byte[] content(int i) {
        byte[] content = new byte[length(i)];
        bytes.get(offset(i), content);
        return content;
    }

    private int entry(int i) {
        if (i < 0 || i >= count) {
            throw new IndexOutOfBoundsException("file " + i + " of a pack of " + count);
        }
        return HEADER_BYTES + i * ENTRY_BYTES;
    }
}
