package dev.stardust.vm.qemu;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** What is kept of a state of QEMU's, up to a limit. */
final class KeptBytes {
    private static final int PIECE_BYTES = 64 << 10;

    private final int maxBytes;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    KeptBytes(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Adds the first bytes of an array. */
    void add(byte[] from, int length) throws IOException {
        if (length > maxBytes - bytes.size()) {
            throw new IOException("QEMU's state is longer than " + maxBytes + " bytes");
        }
        bytes.write(from, 0, length);
    }

    /** Adds a number, big-endian. */
    void add(long value, int length) throws IOException {
        byte[] number = new byte[length];
        for (int i = 0; i < length; i++) {
            number[i] = (byte) (value >>> (Byte.SIZE * (length - 1 - i)));
        }
        add(number, length);
    }

    /** Adds everything up to the end. */
    void addAll(InputStream in) throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        int read = in.read(piece);
        while (read >= 0) {
            add(piece, read);
            read = in.read(piece);
        }
    }

    byte[] toArray() {
        return bytes.toByteArray();
    }
}
