package dev.stardust.hypervisor.console;

import dev.stardust.hypervisor.libc.UnixSocket;
import java.nio.ByteBuffer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** The newest bytes that a guest printed, by their position in all that it printed. */
final class OutputRing {
    static final int CAPACITY = 64 << 10;

    private final UnsafeBuffer bytes = new UnsafeBuffer(ByteBuffer.allocateDirect(CAPACITY));
    private long end;

    /** Position after the newest byte. */
    long end() {
        return end;
    }

    /** Position of the oldest byte that is still there. */
    private long start() {
        return Math.max(0, end - CAPACITY);
    }

    void append(byte value) {
        bytes.putByte((int) (end % CAPACITY), value);
        end++;
    }

    void append(DirectBuffer from, int offset, int length) {
        int done = Math.max(0, length - CAPACITY);
        end += done;
        while (done < length) {
            int at = (int) (end % CAPACITY);
            int part = Math.min(length - done, CAPACITY - at);
            bytes.putBytes(at, from, offset + done, part);
            end += part;
            done += part;
        }
    }

    /**
     * Sends what is there from a position on until the socket takes no more; what is gone already is skipped.
     *
     * @return the position to go on from, or a negative error number
     */
    long send(int fd, long from) {
        long position = Math.max(from, start());
        while (position < end) {
            int at = (int) (position % CAPACITY);
            long part = Math.min(end - position, CAPACITY - at);
            long sent = UnixSocket.send(fd, bytes.addressOffset() + at, part);
            if (sent < 0) {
                return UnixSocket.isNotNow(sent) ? position : sent;
            }
            position += sent;
        }
        return position;
    }
}
