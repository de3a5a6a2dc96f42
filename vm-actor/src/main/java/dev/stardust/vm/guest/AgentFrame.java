package dev.stardust.vm.guest;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;

/**
 * What travels between a host and the agent in a guest; docs/formats-agent.md. Little-endian.
 *
 * <pre>
 *   0  bytes of the payload, up to 65,536
 *   4  type
 *   5  three zeros
 *   8  stream
 *  12  payload
 * </pre>
 *
 * @param type one of those below
 * @param stream what it belongs to, 0 for the connection
 */
record AgentFrame(int type, int stream, byte[] payload) {
    static final int HEADER_BYTES = 12;
    static final int MAX_PAYLOAD_BYTES = 64 << 10;

    // From the host.
    static final int HELLO = 1;
    static final int EXEC = 2;
    static final int READ_FILE = 3;
    static final int WRITE_FILE = 4;
    static final int CALL = 5;
    static final int DATA = 6;
    static final int END = 7;
    static final int SIGNAL = 9;
    static final int RESIZE = 10;
    static final int CLOSE = 11;
    static final int ATTACH = 13;

    // From both.
    static final int CREDIT = 8;
    static final int HOLE = 12;

    // From the guest.
    static final int HELLO_REPLY = 65;
    static final int OPENED = 66;
    static final int OUTPUT = 67;
    static final int ERRORS = 68;
    static final int EXIT = 69;
    static final int DONE = 70;
    static final int FAILED = 71;

    /** The frame as it is sent. */
    byte[] encode() {
        if (payload.length > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("a payload of " + payload.length + " bytes, more than a frame takes");
        }
        return ByteBuffer.allocate(HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.length)
                .putInt(type)
                .putInt(stream)
                .put(payload)
                .array();
    }

    /** The payload as one unsigned number of four bytes. @throws IOException when it is none */
    long number() throws IOException {
        if (payload.length != Integer.BYTES) {
            throw new IOException("a number of " + payload.length + " bytes");
        }
        return Integer.toUnsignedLong(
                ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt());
    }

    /** The payload as one number of eight bytes, not negative. @throws IOException when it is none */
    long longNumber() throws IOException {
        long n = payload.length == Long.BYTES
                ? ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getLong()
                : -1;
        if (n < 0) {
            throw new IOException("a length of " + payload.length + " bytes, or a negative one");
        }
        return n;
    }

    static byte[] number(int n) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(n)
                .array();
    }

    static byte[] longNumber(long n) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(n)
                .array();
    }

    /** Cuts a stream of bytes into frames. */
    static final class Reader {
        private final ReadableByteChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(HEADER_BYTES + MAX_PAYLOAD_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .flip();

        Reader(ReadableByteChannel channel) {
            this.channel = channel;
        }

        /**
         * The next frame, or null when the stream ends.
         *
         * @throws IOException when what comes is no frame; the stream is of no use any more
         */
        AgentFrame read() throws IOException {
            if (!fill(1)) {
                return null;
            }
            need(HEADER_BYTES);
            int length = buffer.getInt();
            int type = buffer.getInt();
            int stream = buffer.getInt();
            if (length < 0 || length > MAX_PAYLOAD_BYTES || (type & ~0xff) != 0) {
                throw new IOException("what the guest's agent sends is no frame");
            }
            need(length);
            byte[] payload = new byte[length];
            buffer.get(payload);
            return new AgentFrame(type, stream, payload);
        }

        private void need(int bytes) throws IOException {
            if (!fill(bytes)) {
                throw new EOFException("the guest's agent stopped inside a frame");
            }
        }

        private boolean fill(int bytes) throws IOException {
            if (buffer.remaining() >= bytes) {
                return true;
            }
            buffer.compact();
            try {
                while (buffer.position() < bytes) {
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
}
