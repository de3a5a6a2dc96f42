package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.EventFd;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

/** A network in memory: frames that are to be received wait in it, frames that were sent are kept. */
public final class MemoryNet implements NetBackend {
    private final EventFd readable = new EventFd();
    private final EventFd writable = new EventFd();
    private final Deque<byte[]> arriving = new ArrayDeque<>();
    private final List<byte[]> sent = new ArrayList<>();
    private int room = Integer.MAX_VALUE;
    private int failure;
    private long offloadsInUse;

    /** Lets a frame arrive, header included. */
    public synchronized void arrive(byte[] frame) {
        arriving.add(frame);
        readable.signal();
    }

    public synchronized int waiting() {
        return arriving.size();
    }

    /** Frames that were sent, headers included. */
    public synchronized List<byte[]> sent() {
        return List.copyOf(sent);
    }

    /** Forgets the frames that were sent. */
    public synchronized void forgetSent() {
        sent.clear();
    }

    /** Loses the frames that wait. */
    public synchronized void forgetWaiting() {
        arriving.clear();
    }

    /** How many frames it takes from now on. */
    public synchronized void setRoom(int frames) {
        room = frames;
        writable.signal();
    }

    /** Fails with that error number, or not if it is 0. */
    public synchronized void failWith(int errno) {
        failure = errno;
    }

    public synchronized long offloadsInUse() {
        return offloadsInUse;
    }

    @Override
    public long offloads() {
        return NetFeatures.OFFLOADS;
    }

    @Override
    public synchronized void useOffloads(long features) {
        offloadsInUse = features;
    }

    @Override
    public int readableFd() {
        return readable.fd();
    }

    @Override
    public int writableFd() {
        return writable.fd();
    }

    @Override
    public synchronized int read(long address, int length) {
        readable.drain();
        if (failure != 0) {
            return -failure;
        }
        byte[] frame = arriving.poll();
        if (frame == null) {
            return 0;
        }
        int bytes = Math.min(length, frame.length);
        new UnsafeBuffer(address, length).putBytes(0, frame, 0, bytes);
        return bytes;
    }

    @Override
    public synchronized int write(long vectors, int count) {
        if (room == 0) {
            return 0;
        }
        long total = 0;
        for (int i = 0; i < count; i++) {
            total += UnsafeApi.getLong(vectors + i * 16L + 8);
        }
        if (total < HEADER_BYTES || total > MAX_BYTES) {
            throw new AssertionError("a frame of " + total + " bytes");
        }
        checkHeader(UnsafeApi.getLong(vectors), (int) total - HEADER_BYTES);
        if (failure != 0) {
            return -failure;
        }
        byte[] frame = new byte[(int) total];
        int done = 0;
        for (int i = 0; i < count; i++) {
            int length = (int) UnsafeApi.getLong(vectors + i * 16L + 8);
            if (length > 0) {
                new UnsafeBuffer(UnsafeApi.getLong(vectors + i * 16L), length).getBytes(0, frame, done, length);
            }
            done += length;
        }
        sent.add(frame);
        room--;
        return frame.length;
    }

    /** As strict as a tap, which would refuse the frame, or work on what is not there. */
    private void checkHeader(long address, int frameBytes) {
        UnsafeBuffer header = new UnsafeBuffer(address, HEADER_BYTES);
        int flags = header.getByte(0);
        int gso = header.getByte(NetHeader.GSO_TYPE_OFFSET);
        int checksumAt = (header.getShort(NetHeader.CSUM_START_OFFSET, ByteOrder.LITTLE_ENDIAN) & 0xffff)
                + (header.getShort(NetHeader.CSUM_OFFSET_OFFSET, ByteOrder.LITTLE_ENDIAN) & 0xffff);
        boolean partial = flags == NetHeader.FLAG_NEEDS_CSUM;
        boolean sound = partial ? uses(NetFeatures.CSUM) && checksumAt + 2 <= frameBytes : flags == 0;
        boolean cut =
                switch (gso) {
                    case NetHeader.GSO_NONE -> true;
                    case NetHeader.GSO_TCPV4 -> partial && uses(NetFeatures.HOST_TSO4);
                    case NetHeader.GSO_TCPV6 -> partial && uses(NetFeatures.HOST_TSO6);
                    default -> false;
                };
        if (!sound || !cut) {
            throw new AssertionError("flags " + flags + ", checksum at " + checksumAt + " of " + frameBytes
                    + ", segments of type " + gso + " with features 0x" + Long.toHexString(offloadsInUse));
        }
    }

    private boolean uses(long feature) {
        return (offloadsInUse & feature) != 0;
    }

    @Override
    public void close() {
        readable.close();
        writable.close();
    }
}
