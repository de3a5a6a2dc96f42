package dev.stardust.hypervisor.boot;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Encodes the few terms of ACPI Machine Language that our tables are made of (ACPI specification 6.5, chapter 20; the
 * resource descriptors chapter 6.4). Each method gives the bytes of one term. A name is a path of segments of one to four
 * characters, separated by dots, after {@code \} when it starts at the root.
 */
final class Aml {
    private static final int ZERO = 0x00;
    private static final int ONE = 0x01;
    private static final int NAME = 0x08;
    private static final int BYTE = 0x0a;
    private static final int WORD = 0x0b;
    private static final int DWORD = 0x0c;
    private static final int STRING = 0x0d;
    private static final int QWORD = 0x0e;
    private static final int SCOPE = 0x10;
    private static final int BUFFER = 0x11;
    private static final int PACKAGE = 0x12;
    private static final int METHOD = 0x14;
    private static final int DUAL_NAME = 0x2e;
    private static final int MULTI_NAME = 0x2f;
    private static final int EXTENDED = 0x5b;
    private static final int AND = 0x7b;
    private static final int OPERATION_REGION = 0x80;
    private static final int FIELD = 0x81;
    private static final int DEVICE = 0x82;
    private static final int NOTIFY = 0x86;
    private static final int IF = 0xa0;

    private static final int SYSTEM_IO = 1;
    private static final int FIELD_BYTE_ACCESS = 1;
    private static final int METHOD_SERIALIZED = 8;
    private static final int NO_TARGET = 0;

    private static final int MEMORY_32_FIXED = 0x86;
    private static final int READ_WRITE = 1;
    private static final int IO_PORTS = 0x47;
    private static final int DECODE_16 = 1;
    private static final int EXTENDED_INTERRUPT = 0x89;
    private static final int CONSUMER_EDGE_HIGH_EXCLUSIVE = 3;
    private static final int END_TAG = 0x79;

    private static final int SEGMENT = 4;

    private Aml() {}

    static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** An integer, taken as unsigned, in its shortest form. */
    static byte[] integer(long value) {
        if (value == 0 || value == 1) {
            return bytes(value == 0 ? ZERO : ONE);
        }
        int bits = Long.SIZE - Long.numberOfLeadingZeros(value);
        if (bits <= Byte.SIZE) {
            return bytes(BYTE, (int) value);
        }
        if (bits <= Short.SIZE) {
            return littleEndian(3).put((byte) WORD).putShort((short) value).array();
        }
        if (bits <= Integer.SIZE) {
            return littleEndian(5).put((byte) DWORD).putInt((int) value).array();
        }
        return littleEndian(9).put((byte) QWORD).putLong(value).array();
    }

    static byte[] string(String text) {
        return concat(bytes(STRING), text.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    /** A seven-character EISA id such as {@code PNP0501}: three letters of five bits and four hexadecimal digits. */
    static byte[] eisaId(String id) {
        int letters = ((id.charAt(0) & 0x1f) << 10) | ((id.charAt(1) & 0x1f) << 5) | (id.charAt(2) & 0x1f);
        int value = (letters << 16) | Integer.parseInt(id.substring(3), 16);
        return integer(Integer.reverseBytes(value) & 0xffff_ffffL);
    }

    /** A reference to a named object. */
    static byte[] path(String name) {
        boolean root = name.startsWith("\\");
        String[] segments = name.substring(root ? 1 : 0).split("\\.");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (root) {
            out.write('\\');
        }
        if (segments.length == 2) {
            out.write(DUAL_NAME);
        } else if (segments.length > 2) {
            out.writeBytes(bytes(MULTI_NAME, segments.length));
        }
        for (String segment : segments) {
            out.writeBytes((segment + "_".repeat(SEGMENT - segment.length())).getBytes(StandardCharsets.US_ASCII));
        }
        return out.toByteArray();
    }

    static byte[] name(String name, byte[] object) {
        return concat(bytes(NAME), path(name), object);
    }

    static byte[] scope(String name, byte[]... terms) {
        return concat(bytes(SCOPE), sized(path(name), concat(terms)));
    }

    static byte[] device(String name, byte[]... terms) {
        return concat(bytes(EXTENDED, DEVICE), sized(path(name), concat(terms)));
    }

    /** A method that runs in one thread at a time. */
    static byte[] method(String name, int arguments, byte[]... terms) {
        return concat(bytes(METHOD), sized(path(name), bytes(arguments | METHOD_SERIALIZED), concat(terms)));
    }

    static byte[] packageOf(byte[]... elements) {
        return concat(bytes(PACKAGE), sized(bytes(elements.length), concat(elements)));
    }

    /** A region of I/O ports. */
    static byte[] portRegion(String name, int port, int length) {
        return concat(bytes(EXTENDED, OPERATION_REGION), path(name), bytes(SYSTEM_IO), integer(port), integer(length));
    }

    /** A region's first byte as a field. */
    static byte[] byteField(String region, String field) {
        return concat(
                bytes(EXTENDED, FIELD), sized(path(region), bytes(FIELD_BYTE_ACCESS), path(field), bytes(Byte.SIZE)));
    }

    static byte[] and(byte[] left, byte[] right) {
        return concat(bytes(AND), left, right, bytes(NO_TARGET));
    }

    /** Terms that are run when the predicate is not zero. */
    static byte[] when(byte[] predicate, byte[]... terms) {
        return concat(bytes(IF), sized(predicate, concat(terms)));
    }

    static byte[] notifyDevice(String device, int value) {
        return concat(bytes(NOTIFY), path(device), integer(value));
    }

    /** A buffer of resource descriptors. */
    static byte[] resources(byte[]... descriptors) {
        byte[] content = concat(concat(descriptors), bytes(END_TAG, 0));
        return concat(bytes(BUFFER), sized(integer(content.length), content));
    }

    static byte[] memory32(long base, long sizeBytes) {
        return littleEndian(12)
                .put((byte) MEMORY_32_FIXED)
                .putShort((short) 9)
                .put((byte) READ_WRITE)
                .putInt((int) base)
                .putInt((int) sizeBytes)
                .array();
    }

    static byte[] ports(int base, int count) {
        return littleEndian(8)
                .put((byte) IO_PORTS)
                .put((byte) DECODE_16)
                .putShort((short) base)
                .putShort((short) base)
                .put((byte) 1)
                .put((byte) count)
                .array();
    }

    /** An interrupt that is edge-triggered, active high and not shared. */
    static byte[] edgeInterrupt(int gsi) {
        return littleEndian(9)
                .put((byte) EXTENDED_INTERRUPT)
                .putShort((short) 6)
                .put((byte) CONSUMER_EDGE_HIGH_EXCLUSIVE)
                .put((byte) 1)
                .putInt(gsi)
                .array();
    }

    /** Content after its length, which counts itself. The tables' place keeps it far below the 256 MiB it may have. */
    private static byte[] sized(byte[]... parts) {
        byte[] content = concat(parts);
        for (int width = 1; ; width++) {
            int length = content.length + width;
            // One byte has six bits for the length; more have four there and eight in each byte that follows.
            if (width == 1 ? length < 1 << 6 : length < 1 << (8 * width - 4)) {
                return concat(length(length, width), content);
            }
        }
    }

    private static byte[] length(int length, int width) {
        if (width == 1) {
            return bytes(length);
        }
        byte[] out = new byte[width];
        out[0] = (byte) (((width - 1) << 6) | (length & 0xf));
        for (int i = 1; i < width; i++) {
            out[i] = (byte) (length >>> (8 * i - 4));
        }
        return out;
    }
}
