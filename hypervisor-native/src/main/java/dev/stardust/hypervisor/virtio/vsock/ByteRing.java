package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.libc.UnixSocket;
import org.agrona.UnsafeApi;

/** Bytes on their way to a host program that does not take them yet: a ring in native memory of its owner's. */
final class ByteRing {
    private final long address;
    private final int capacity;
    private int head;
    private int size;

    ByteRing(long address, int capacityBytes) {
        this.address = address;
        this.capacity = capacityBytes;
    }

    int size() {
        return size;
    }

    void clear() {
        head = 0;
        size = 0;
    }

    /** Copies bytes to the end; the caller has seen to it that there is room. */
    void append(long from, int length) {
        int tail = (head + size) % capacity;
        int first = Math.min(length, capacity - tail);
        UnsafeApi.copyMemory(from, address + tail, first);
        UnsafeApi.copyMemory(from + first, address, length - first);
        size += length;
    }

    /** Hands bytes to a socket until it takes no more; returns how many, or a negative error number if none. */
    long sendTo(int fd) {
        long sent = 0;
        while (size > 0) {
            int part = Math.min(size, capacity - head);
            long taken = UnixSocket.send(fd, address + head, part);
            if (taken < 0) {
                return sent > 0 ? sent : taken;
            }
            head = (int) (head + taken) % capacity;
            size -= (int) taken;
            sent += taken;
        }
        return sent;
    }
}
