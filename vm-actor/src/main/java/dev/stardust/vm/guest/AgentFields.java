package dev.stardust.vm.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The fields in a frame's payload: tag (2 bytes), length (4 bytes), bytes; little-endian. */
final class AgentFields {
    static final int VERSION = 1;
    static final int NONCE = 2;
    static final int TEXT = 3;
    static final int ARGUMENT = 4;
    static final int VARIABLE = 5;
    static final int FOLDER = 6;
    static final int USER = 7;
    static final int TERMINAL = 8;
    static final int STDIN = 9;
    static final int PATH = 10;
    static final int MODE = 11;
    static final int OFFSET = 12;
    static final int SIZE = 13;
    static final int MODIFIED = 14;
    static final int PID = 15;
    static final int CODE = 16;
    static final int SIGNAL = 17;
    static final int ERRNO = 18;
    static final int OPERATION = 19;
    static final int SECONDS = 20;
    static final int NANOSECONDS = 21;
    static final int BYTES = 22;
    static final int NAME = 23;
    static final int VALUE = 24;
    static final int PARTIAL = 25;

    private static final int HEADER_BYTES = 6;

    /** A field. */
    record Field(int tag, byte[] bytes) {
        /** As an unsigned number of up to eight bytes, not above what a long takes; -1 when it is none. */
        long number() {
            if (bytes.length > Long.BYTES) {
                return -1;
            }
            long n = 0;
            for (int i = bytes.length - 1; i >= 0; i--) {
                n = (n << Byte.SIZE) | (bytes[i] & 0xff);
            }
            return Math.max(n, -1);
        }

        /** As text, in which nothing moves a terminal's cursor. */
        String text() {
            return new String(bytes, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
        }
    }

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    AgentFields add(int tag, byte[] bytes) {
        out.writeBytes(ByteBuffer.allocate(HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) tag)
                .putInt(bytes.length)
                .array());
        out.writeBytes(bytes);
        return this;
    }

    AgentFields add(int tag, long number) {
        return add(tag, AgentFrame.longNumber(number));
    }

    /** @throws IllegalArgumentException when there is a zero in it, which no text in a guest can have */
    AgentFields add(int tag, String text) {
        if (text.indexOf(0) >= 0) {
            throw new IllegalArgumentException("a text with a zero in it");
        }
        return add(tag, text.getBytes(StandardCharsets.UTF_8));
    }

    /** The payload. @throws IllegalArgumentException when it is more than a frame takes */
    byte[] payload() {
        if (out.size() > AgentFrame.MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException(
                    "arguments, variables and names are longer than " + AgentFrame.MAX_PAYLOAD_BYTES + " bytes in all");
        }
        return out.toByteArray();
    }

    /** The fields of a payload. @throws IOException when it is damaged */
    static List<Field> parse(byte[] payload) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        List<Field> fields = new ArrayList<>();
        while (in.hasRemaining()) {
            if (in.remaining() < HEADER_BYTES) {
                throw new IOException("a field is cut short");
            }
            int tag = Short.toUnsignedInt(in.getShort());
            int length = in.getInt();
            if (length < 0 || length > in.remaining()) {
                throw new IOException("a field passes the end of its frame");
            }
            byte[] bytes = new byte[length];
            in.get(bytes);
            fields.add(new Field(tag, bytes));
        }
        return fields;
    }

    /** The number of the first field of a tag. @throws IOException when there is none */
    static long number(List<Field> fields, int tag) throws IOException {
        long n = number(fields, tag, -1);
        if (n < 0) {
            throw new IOException("field " + tag + " is missing or no number");
        }
        return n;
    }

    static long number(List<Field> fields, int tag, long otherwise) {
        return fields.stream()
                .filter(f -> f.tag() == tag)
                .findFirst()
                .map(Field::number)
                .orElse(otherwise);
    }

    static String text(List<Field> fields, int tag) {
        return fields.stream()
                .filter(f -> f.tag() == tag)
                .findFirst()
                .map(Field::text)
                .orElse("");
    }
}
