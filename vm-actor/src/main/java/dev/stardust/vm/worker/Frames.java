package dev.stardust.vm.worker;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;

/**
 * Cuts a byte stream into frames: a length of 4 bytes (big endian, 1 to {@link #MAX_LENGTH}), then so many bytes.
 * One thread reads, one writes; each direction has one direct buffer, so that no large ones pile up per thread.
 */
final class Frames {
    /** The most bytes one frame may hold: 16 MiB. */
    static final int MAX_LENGTH = 16 << 20;

    private static final int HEADER_LENGTH = 4;
    private static final int BUFFER_LENGTH = 64 << 10;

    private Frames() {}

    /** Reads frames from a blocking channel. */
    static final class Reader {
        private final ReadableByteChannel channel;
        private final ByteBuffer buffer =
                ByteBuffer.allocateDirect(BUFFER_LENGTH).flip();

        Reader(ReadableByteChannel channel) {
            this.channel = channel;
        }

        /**
         * The next frame, or null at the end of the stream.
         *
         * @throws EOFException if the stream ends inside a frame
         * @throws IOException if a length is out of range; the stream is of no use afterwards
         */
        byte[] read() throws IOException {
            if (!fill(1)) {
                return null;
            }
            if (!fill(HEADER_LENGTH)) {
                throw new EOFException("the stream ended inside the length of a frame");
            }
            int length = buffer.getInt();
            if (length < 1 || length > MAX_LENGTH) {
                throw new IOException(
                        "a frame of " + Integer.toUnsignedString(length) + " bytes, allowed are 1 to " + MAX_LENGTH);
            }
            // A length is only a claim: the array grows with what arrives.
            byte[] frame = new byte[Math.min(length, BUFFER_LENGTH)];
            int have = 0;
            while (have < length) {
                if (!fill(1)) {
                    throw new EOFException("the stream ended after " + have + " of a frame's " + length + " bytes");
                }
                if (have == frame.length) {
                    frame = Arrays.copyOf(frame, Math.min(length, 2 * frame.length));
                }
                int n = Math.min(buffer.remaining(), frame.length - have);
                buffer.get(frame, have, n);
                have += n;
            }
            return frame;
        }

        /** Reads until the buffer holds {@code n} bytes; false if the stream ends before. */
        private boolean fill(int n) throws IOException {
            if (buffer.remaining() >= n) {
                return true;
            }
            buffer.compact();
            try {
                while (buffer.position() < n) {
                    if (channel.read(buffer) < 0) {
                        return false;
                    }
                }
                return true;
            } finally {
                buffer.flip();
            }
        }
    }

    /** Writes frames to a blocking channel. */
    static final class Writer {
        private final WritableByteChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_LENGTH);

        Writer(WritableByteChannel channel) {
            this.channel = channel;
        }

        /** Writes one frame of 1 to {@link #MAX_LENGTH} bytes. */
        void write(byte[] frame) throws IOException {
            buffer.clear().putInt(frame.length);
            int sent = 0;
            do {
                int n = Math.min(buffer.remaining(), frame.length - sent);
                buffer.put(frame, sent, n).flip();
                sent += n;
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                buffer.clear();
            } while (sent < frame.length);
        }
    }
}
