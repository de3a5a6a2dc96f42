package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.Epoll;
import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.libc.OpenFlags;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tap of the host ({@code Documentation/networking/tuntap.rst} of the kernel). The kernel does what the driver left
 * undone in a frame, and leaves undone what the driver agreed to do.
 */
public final class TapBackend implements NetBackend {
    private static final Logger LOG = LoggerFactory.getLogger(TapBackend.class);
    private static final String DEVICE = "/dev/net/tun";
    private static final int FLAGS = TunIoctl.IFF_TAP | TunIoctl.IFF_NO_PI | TunIoctl.IFF_VNET_HDR;
    private static final int F_SETFL = 4;

    private final int fd;
    private final Epoll writable = new Epoll(1);
    private boolean closed;

    /**
     * Takes over a descriptor that {@link #openDescriptor} gave, here or in the process that passed it.
     *
     * @throws IllegalArgumentException if it is of something else; it stays open then
     */
    public TapBackend(int fd) {
        this.fd = fd;
        try {
            prepare();
        } catch (RuntimeException e) {
            writable.close();
            throw e;
        }
    }

    private void prepare() {
        ByteBuffer request = request("");
        if (Libc.C.ioctl(fd, TunIoctl.TUNGETIFF, Libc.address(request)) < 0
                || (request.getShort(TunIoctl.IFREQ_FLAGS_OFFSET) & FLAGS) != FLAGS) {
            throw new IllegalArgumentException("descriptor " + fd + " is no tap with headers of offloads");
        }
        ByteBuffer headerBytes = ByteBuffer.allocateDirect(Integer.BYTES).order(ByteOrder.nativeOrder());
        headerBytes.putInt(0, HEADER_BYTES);
        try {
            Libc.check(Libc.C.ioctl(fd, TunIoctl.TUNSETVNETHDRSZ, Libc.address(headerBytes)), "TUNSETVNETHDRSZ");
        } finally {
            Reference.reachabilityFence(headerBytes);
            Reference.reachabilityFence(request);
        }
        Libc.check(Libc.C.fcntl(fd, F_SETFL, OpenFlags.READ_WRITE | OpenFlags.NONBLOCK), "fcntl of a tap");
        writable.addWritableEdge(fd, 0);
    }

    /** Opens a tap that exists; see {@link #openDescriptor}. */
    public static TapBackend open(String name) {
        int fd = openDescriptor(name);
        try {
            return new TapBackend(fd);
        } catch (RuntimeException e) {
            Libc.C.close(fd);
            throw e;
        }
    }

    /**
     * Opens a tap that exists, which one process at a time can do: its owner, or one with CAP_NET_ADMIN. The caller
     * closes the descriptor or hands it over.
     */
    public static int openDescriptor(String name) {
        ByteBuffer request = request(name);
        if (Libc.C.if_nametoindex(Libc.address(request)) == 0) {
            // The kernel would make one, which no bridge knows.
            throw new NativeException("open of tap " + name, Errno.ENODEV);
        }
        int fd = Libc.open(DEVICE, OpenFlags.READ_WRITE | OpenFlags.NONBLOCK);
        try {
            Libc.check(
                    Libc.C.ioctl(fd, TunIoctl.TUNSETIFF, Libc.address(request)),
                    "open of tap " + name
                            + ", which takes its owner or CAP_NET_ADMIN and nobody else who has it open,");
            return fd;
        } catch (NativeException e) {
            Libc.C.close(fd);
            throw e;
        } finally {
            Reference.reachabilityFence(request);
        }
    }

    private static ByteBuffer request(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= TunIoctl.IFREQ_NAME_BYTES) {
            throw new IllegalArgumentException("the name of tap " + name + " is longer than 15 characters");
        }
        ByteBuffer request = ByteBuffer.allocateDirect(TunIoctl.IFREQ_BYTES).order(ByteOrder.nativeOrder());
        return request.put(0, bytes).putShort(TunIoctl.IFREQ_FLAGS_OFFSET, (short) FLAGS);
    }

    @Override
    public long offloads() {
        return NetFeatures.OFFLOADS;
    }

    @Override
    public void useOffloads(long features) {
        int flags = 0;
        if ((features & NetFeatures.GUEST_CSUM) != 0) {
            // Large frames have partial checksums, so the kernel takes the others only with this one.
            flags = TunIoctl.TUN_F_CSUM
                    | ((features & NetFeatures.GUEST_TSO4) != 0 ? TunIoctl.TUN_F_TSO4 : 0)
                    | ((features & NetFeatures.GUEST_TSO6) != 0 ? TunIoctl.TUN_F_TSO6 : 0);
        }
        if (Libc.C.ioctl(fd, TunIoctl.TUNSETOFFLOAD, flags) < 0) {
            LOG.warn("a tap does not take offloads 0x{}: {}", Integer.toHexString(flags), Errno.text(Libc.errno()));
        }
    }

    @Override
    public int readableFd() {
        return fd;
    }

    @Override
    public int writableFd() {
        return writable.fd();
    }

    @Override
    public int read(long address, int length) {
        return result(Libc.C.read(fd, address, length));
    }

    @Override
    public int write(long vectors, int count) {
        return result(Libc.C.writev(fd, vectors, count));
    }

    private static int result(long bytes) {
        if (bytes >= 0) {
            return (int) bytes;
        }
        int errno = Libc.errno();
        return errno == Errno.EAGAIN || errno == Errno.EINTR ? 0 : -errno;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            writable.close();
            Libc.check(Libc.C.close(fd), "close of a tap");
        }
    }
}
