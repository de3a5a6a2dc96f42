package dev.stardust.chunk.tree;

import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Keeps what is read of a tar while headers are read: the library gives values of pax headers as text only, and those of
 * extended attributes are any bytes.
 */
final class HeaderTap extends FilterInputStream {
    private static final int BLOCK_BYTES = 512;
    private static final int SIZE_AT = 124;
    private static final int SIZE_DIGITS = 12;
    private static final int TYPE_AT = 156;
    private static final int MAX_BYTES = 8 << 20;

    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private boolean keeping;

    HeaderTap(InputStream in) {
        super(in);
    }

    /** Forgets, and keeps what is read from now on. */
    void begin() {
        kept.reset();
        keeping = true;
    }

    /** Keeps no more; gives the records of the pax header of one file among what it kept, of {@code length key=value\n} each. */
    byte[] paxRecords() {
        keeping = false;
        byte[] all = kept.toByteArray();
        for (int at = 0; at + BLOCK_BYTES <= all.length; ) {
            int size = size(all, at);
            int begin = at + BLOCK_BYTES;
            if (size < 0 || size > all.length - begin) {
                return new byte[0];
            }
            if (all[at + TYPE_AT] == 'x') {
                return java.util.Arrays.copyOfRange(all, begin, begin + size);
            }
            at = begin + (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        }
        return new byte[0];
    }

    /** The octal size of a header, -1 if it is none, or none that stands before a header. */
    private static int size(byte[] all, int header) {
        int size = 0;
        for (int i = header + SIZE_AT; i < header + SIZE_AT + SIZE_DIGITS && all[i] != 0 && all[i] != ' '; i++) {
            if (all[i] < '0' || all[i] > '7' || size > MAX_BYTES) {
                return -1;
            }
            size = 8 * size + all[i] - '0';
        }
        return size;
    }

    @Override
    public int read() throws IOException {
        int b = super.read();
        if (b >= 0 && keeping) {
            keep(new byte[] {(byte) b}, 0, 1);
        }
        return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int n = super.read(bytes, offset, length);
        if (n > 0 && keeping) {
            keep(bytes, offset, n);
        }
        return n;
    }

    private void keep(byte[] bytes, int offset, int length) throws IOException {
        if (kept.size() + length > MAX_BYTES) {
            throw new BadArchiveException("the headers of one file have more than " + MAX_BYTES + " bytes");
        }
        kept.write(bytes, offset, length);
    }
}
