package dev.stardust.hypervisor.libc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A {@code struct sockaddr_un}, unix(7): a path that may end with a number that changes.
 *
 * <pre>
 *  0        2                                         110
 *  +--------+------------------------------------------+
 *  | family | path, its number, NUL                    |
 *  +--------+------------------------------------------+
 * </pre>
 */
public final class UnixAddress {
    /** Most bytes of a path, with a NUL behind it. */
    public static final int MAX_PATH_BYTES = 107;

    static final int AF_UNIX = 1;

    private static final int PATH_OFFSET = 2;
    private static final int SIZE = PATH_OFFSET + MAX_PATH_BYTES + 1;
    private static final int MAX_DIGITS = 10;
    private static final int RADIX = 10;

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(SIZE).order(ByteOrder.nativeOrder());
    private final long address = Libc.address(bytes);
    private final int prefixEnd;
    private int end;

    private UnixAddress(String path, int roomBytes) {
        byte[] text = path.getBytes(StandardCharsets.UTF_8);
        if (text.length == 0 || text.length > MAX_PATH_BYTES - roomBytes) {
            throw new IllegalArgumentException("the socket's path " + path + " has " + text.length
                    + " bytes; it may have 1 to " + (MAX_PATH_BYTES - roomBytes) + ": use a shorter folder");
        }
        bytes.putShort(0, (short) AF_UNIX);
        bytes.put(PATH_OFFSET, text);
        prefixEnd = PATH_OFFSET + text.length;
        end = prefixEnd;
    }

    /**
     * The address of one socket.
     *
     * @throws IllegalArgumentException if the path is too long
     */
    public static UnixAddress of(String path) {
        return new UnixAddress(path, 0);
    }

    /**
     * An address whose path ends with a number, at first with none.
     *
     * @throws IllegalArgumentException if the path is too long for the longest number
     */
    public static UnixAddress numbered(String prefix) {
        return new UnixAddress(prefix, MAX_DIGITS);
    }

    /** Puts a number, all 32 bits of it without a sign, behind the prefix. Allocates nothing. */
    public void setNumber(int number) {
        long left = Integer.toUnsignedLong(number);
        int digits = 1;
        for (long rest = left / RADIX; rest > 0; rest /= RADIX) {
            digits++;
        }
        end = prefixEnd + digits;
        for (int at = end - 1; at >= prefixEnd; at--) {
            bytes.put(at, (byte) ('0' + left % RADIX));
            left /= RADIX;
        }
        bytes.put(end, (byte) 0);
    }

    /** Where it is, as long as this object is reachable. */
    long address() {
        return address;
    }

    /** Its bytes with the NUL. */
    int length() {
        return end + 1;
    }

    @Override
    public String toString() {
        byte[] path = new byte[end - PATH_OFFSET];
        bytes.get(PATH_OFFSET, path);
        return new String(path, StandardCharsets.UTF_8);
    }
}
