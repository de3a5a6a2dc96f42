package dev.stardust.hypervisor.nbd;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.UnixSocket;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** Sends to a client over a blocking socket. What belongs together is sent under this object's lock. */
final class SocketOutput {
    private final int fd;
    private volatile boolean sending;

    SocketOutput(int fd) {
        this.fd = fd;
    }

    /** Sends all of it; false when the client is gone. Allocates nothing. */
    synchronized boolean send(long address, long length) {
        sending = true;
        try {
            long done = 0;
            while (done < length) {
                long sent = UnixSocket.send(fd, address + done, length - done);
                if (sent < 0 && sent != -Errno.EINTR) {
                    return false;
                }
                done += Math.max(0, sent);
            }
            return true;
        } finally {
            sending = false;
        }
    }

    /** Sends what lies before the buffer's position; false when the client is gone. */
    boolean send(ByteBuffer written) {
        ByteBuffer copy = ByteBuffer.allocateDirect(written.position()).put(written.flip());
        try {
            return send(Libc.address(copy), copy.capacity());
        } finally {
            Reference.reachabilityFence(copy);
        }
    }

    /** Whether the client is being waited for to take what is sent. */
    boolean isSending() {
        return sending;
    }
}
