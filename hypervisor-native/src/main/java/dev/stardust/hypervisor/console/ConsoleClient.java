package dev.stardust.hypervisor.console;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.UnixSocket;

/** Somebody who is attached to a console. */
final class ConsoleClient {
    private final int fd;

    /** How far it has seen the guest's output. */
    private long seen;

    /** Whether there may be something to read. */
    private boolean readable = true;

    /** Whether it sees no more; what it typed before is still read. */
    private boolean blind;

    /** Attaches at a position of the output. */
    ConsoleClient(int fd, long from) {
        this.fd = fd;
        this.seen = from;
    }

    int fd() {
        return fd;
    }

    /** Remembers what the kernel tells about the socket. */
    void note(boolean hungUp) {
        readable = true;
        blind |= hungUp;
    }

    /** Takes what was typed, as far as there is room. One that types no more still sees. */
    void read(InputQueue input) {
        while (readable && !input.isFull()) {
            long received = input.receive(fd);
            if (received <= 0) {
                readable = false;
                blind |= received < 0 && !UnixSocket.isNotNow(received);
            }
        }
    }

    /** Sends what it has not seen, as far as it keeps up. */
    void write(OutputRing output) {
        if (!blind) {
            long position = output.send(fd, seen);
            if (position < 0) {
                blind = true;
            } else {
                seen = position;
            }
        }
    }

    /** Whether it neither sees nor has anything left to read. */
    boolean isGone() {
        return blind && !readable;
    }

    void close() {
        Libc.C.close(fd);
    }
}
