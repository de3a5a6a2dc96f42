package dev.stardust.hypervisor.virtio.vsock;

import org.agrona.DirectBuffer;

/**
 * What a host program says first, to reach a port of the guest: {@code CONNECT <port>\n}, the port in decimal, as
 * Firecracker's {@code docs/vsock.md} has it. What follows the line belongs to the guest.
 */
final class ConnectLine {
    /** Bytes of the longest line. */
    static final int MAX_BYTES = 19;

    static final long INCOMPLETE = -1;
    static final long WRONG = -2;

    private static final byte[] WORD = {'c', 'o', 'n', 'n', 'e', 'c', 't'};
    private static final int LOWER_CASE = 0x20;
    private static final int RADIX = 10;
    private static final int MAX_DIGITS = 10;
    private static final long MAX_PORT = 0xffff_ffffL;

    private ConnectLine() {}

    /**
     * Looks at the first bytes that a host program sent.
     *
     * @return {@link #port(long)} and {@link #length} of the line, or {@link #INCOMPLETE}, or {@link #WRONG}
     */
    static long parse(DirectBuffer bytes, int length) {
        for (int i = 0; i < WORD.length; i++) {
            if (i == length) {
                return INCOMPLETE;
            }
            if ((bytes.getByte(i) | LOWER_CASE) != WORD[i]) {
                return WRONG;
            }
        }
        int at = WORD.length;
        if (at == length) {
            return INCOMPLETE;
        }
        if (bytes.getByte(at++) != ' ') {
            return WRONG;
        }
        return port(bytes, at, length);
    }

    /** The port of a line that was parsed. */
    static int port(long parsed) {
        return (int) parsed;
    }

    /** The bytes of a line that was parsed. */
    static int length(long parsed) {
        return (int) (parsed >>> Integer.SIZE);
    }

    private static long port(DirectBuffer bytes, int start, int length) {
        long port = 0;
        for (int at = start; at < length; at++) {
            byte b = bytes.getByte(at);
            if (b == '\n' && at > start) {
                return (long) (at + 1) << Integer.SIZE | port;
            }
            port = port * RADIX + b - '0';
            if (b < '0' || b > '9' || at - start == MAX_DIGITS || port > MAX_PORT) {
                return WRONG;
            }
        }
        return INCOMPLETE;
    }
}
