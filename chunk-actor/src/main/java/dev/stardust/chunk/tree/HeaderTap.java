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
    private static final int PAX_OF_FILE = 'x';
    private static final int MAX_BYTES = 8 << 20;

    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    /** Bytes that were read of the tar. */
    private long position;

    /** Where what is kept begins: at a header. */
    private long keptFrom;

    private boolean keeping;

    HeaderTap(InputStream in) {
        super(in);
    }

    /** Forgets, and keeps what is read from now on, without what is left of the block that is being read. */
    void begin() {
        kept.reset();
        keptFrom = (position + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        keeping = true;
    }

    /**
     * Keeps no more.
     *
     * @return the records of the pax headers of one file among what it kept, see {@link PaxRecords}
     */
    byte[] paxRecords() {
        keeping = false;
        byte[] all = kept.toByteArray();
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        for (int at = 0; at + BLOCK_BYTES <= all.length; ) {
            int size = size(all, at);
            int begin = at + BLOCK_BYTES;
            if (size < 0 || size > all.length - begin) {
                break;
            }
            if (all[at + TYPE_AT] == PAX_OF_FILE) {
                records.write(all, begin, size);
            }
            at = begin + (size + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        }
        return records.toByteArray();
    }

    /** Whether what it kept is a block of zeros, with which a tar ends. */
    boolean keptTheEnd() {
        byte[] all = kept.toByteArray();
        boolean end = all.length >= BLOCK_BYTES;
        for (int i = 0; end && i < BLOCK_BYTES; i++) {
            end = all[i] == 0;
        }
        return end;
    }

    /** The octal size in a header, -1 if it is none, or none that stands before a header. */
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
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int n = super.read(bytes, offset, length);
        if (n > 0) {
            if (keeping) {
                int before = (int) Math.min(n, Math.max(0, keptFrom - position));
                keep(bytes, offset + before, n - before);
            }
            position += n;
        }
        return n;
    }

    @Override
    public long skip(long count) throws IOException {
        // By reading: what is skipped is not kept either way, but has to be counted.
        return Math.max(0, read(new byte[(int) Math.min(Math.max(0, count), BLOCK_BYTES)]));
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void keep(byte[] bytes, int offset, int length) throws IOException {
        if (kept.size() + length > MAX_BYTES) {
            throw new BadArchiveException("the headers of one file have more than " + MAX_BYTES + " bytes");
        }
        kept.write(bytes, offset, length);
    }
}
