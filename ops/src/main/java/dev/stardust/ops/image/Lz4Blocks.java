package dev.stardust.ops.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;

/**
 * Unpacks lz4's legacy frame (lz4_Frame_format.md, "Legacy frame"), which is what a kernel's build makes and what libraries do
 * not read: the magic number, then blocks of a length in 4 bytes, little-endian, and that much of lz4.
 */
final class Lz4Blocks extends InputStream {
    static final int MAGIC = 0x184c_2102;

    /** What a block of 8 MiB, the most that one holds, is at most when it does not compress. */
    private static final int MAX_BLOCK_BYTES = (8 << 20) + (8 << 20) / 255 + 16;

    private final ByteBuffer frame;
    private InputStream block = InputStream.nullInputStream();

    /** Unpacks {@code frame}, which has been seen to begin with the magic number, to its end. */
    Lz4Blocks(ByteBuffer frame) {
        this.frame = frame.slice().order(ByteOrder.LITTLE_ENDIAN).position(Integer.BYTES);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int n = block.read(bytes, offset, length);
        while (n < 0 && frame.hasRemaining()) {
            block = next();
            n = block.read(bytes, offset, length);
        }
        return n;
    }

    private InputStream next() throws IOException {
        if (frame.remaining() < Integer.BYTES) {
            throw new IOException("its lz4 ends within a block's length");
        }
        int length = frame.getInt();
        if (length < 1 || length > MAX_BLOCK_BYTES || length > frame.remaining()) {
            throw new IOException("its lz4 has a block of " + Integer.toUnsignedString(length) + " bytes, of which "
                    + frame.remaining() + " are there");
        }
        byte[] packed = new byte[length];
        frame.get(packed);
        return new BlockLZ4CompressorInputStream(new ByteArrayInputStream(packed));
    }
}
