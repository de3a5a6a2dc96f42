package dev.stardust.hypervisor.console;

import dev.stardust.hypervisor.libc.UnixSocket;
import java.nio.ByteBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Typed bytes that the guest has not fetched yet, at most {@link #CAPACITY}. */
final class InputQueue {
    static final int CAPACITY = 4096;

    private final UnsafeBuffer bytes = new UnsafeBuffer(ByteBuffer.allocateDirect(CAPACITY));
    private int start;
    private int end;

    boolean isEmpty() {
        return start == end;
    }

    boolean isFull() {
        return end - start == CAPACITY;
    }

    /** Reads from a socket what there is room for, which is at least one byte; returns as {@link UnixSocket#receive}. */
    long receive(int fd) {
        if (start > 0) {
            bytes.putBytes(0, bytes, start, end - start);
            end -= start;
            start = 0;
        }
        long received = UnixSocket.receive(fd, bytes.addressOffset() + end, CAPACITY - end);
        end += (int) Math.max(0, received);
        return received;
    }

    int take(MutableDirectBuffer into, int offset, int length) {
        int taken = Math.min(length, end - start);
        into.putBytes(offset, bytes, start, taken);
        start += taken;
        return taken;
    }
}
