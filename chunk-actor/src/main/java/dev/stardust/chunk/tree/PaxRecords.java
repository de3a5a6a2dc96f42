package dev.stardust.chunk.tree;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Records of a pax header: {@code LENGTH KEY=VALUE\n}. Extended attributes are {@code SCHILY.xattr.NAME}, the value any bytes. */
final class PaxRecords {
    private static final String PREFIX_TEXT = "SCHILY.xattr.";
    private static final byte[] PREFIX = PREFIX_TEXT.getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_VALUE_BYTES = 65_536;
    private static final int MAX_NAME_BYTES = 255;

    private PaxRecords() {}

    /** Adds the extended attributes among some records. */
    static void addXattrs(Map<String, byte[]> xattrs, byte[] records) throws BadArchiveException {
        for (int at = 0; at < records.length; ) {
            int space = indexOf(records, (byte) ' ', at, records.length);
            int length = space < 0 ? -1 : number(records, at, space);
            if (length <= space - at + 1 || length > records.length - at) {
                throw new BadArchiveException("a damaged pax header");
            }
            int end = at + length - 1;
            int equals = indexOf(records, (byte) '=', space + 1, end);
            if (equals > 0 && startsWith(records, space + 1, PREFIX)) {
                String name = new String(
                        records, space + 1 + PREFIX.length, equals - space - 1 - PREFIX.length, StandardCharsets.UTF_8);
                if (name.isEmpty() || name.length() > MAX_NAME_BYTES || end - equals - 1 > MAX_VALUE_BYTES) {
                    throw new BadArchiveException("an extended attribute '" + name + "' that no file system takes");
                }
                xattrs.put(name, Arrays.copyOfRange(records, equals + 1, end));
            }
            at += length;
        }
    }

    /** The record of an extended attribute. */
    static byte[] xattr(String name, byte[] value) {
        return record(PREFIX_TEXT + name, value);
    }

    /** The record of what a header has no room for. */
    static byte[] of(String key, Object value) {
        return record(key, value.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] record(String key, byte[] value) {
        byte[] keyBytes = key.getBytes(StandardCharsets.UTF_8);
        // The length counts its own digits.
        int rest = 1 + keyBytes.length + 1 + value.length + 1;
        int length = rest + Integer.toString(rest).length();
        length = rest + Integer.toString(length).length();
        ByteArrayOutputStream record = new ByteArrayOutputStream();
        record.writeBytes((length + " ").getBytes(StandardCharsets.US_ASCII));
        record.writeBytes(keyBytes);
        record.write('=');
        record.writeBytes(value);
        record.write('\n');
        return record.toByteArray();
    }

    private static int number(byte[] bytes, int from, int to) {
        int number = 0;
        for (int i = from; i < to; i++) {
            if (bytes[i] < '0' || bytes[i] > '9' || number > 100_000_000) {
                return -1;
            }
            number = 10 * number + bytes[i] - '0';
        }
        return number;
    }

    private static int indexOf(byte[] bytes, byte wanted, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        return -1;
    }

    private static boolean startsWith(byte[] bytes, int at, byte[] prefix) {
        return at + prefix.length <= bytes.length
                && Arrays.equals(bytes, at, at + prefix.length, prefix, 0, prefix.length);
    }
}
