package dev.stardust.hypervisor.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** A guest's end of a connection, with a window of its own and the credit rules of section 5.10.6.3. */
final class GuestStream {
    private final VsockGuest guest;
    private final int guestPort;
    private final int hostPort;
    private final int window;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private int hostWindow;
    private int hostTaken;
    private int sent;
    private int taken;
    private int told;
    private int hostEnded;
    private boolean reset;

    GuestStream(VsockGuest guest, int guestPort, int hostPort, int window) {
        this.guest = guest;
        this.guestPort = guestPort;
        this.hostPort = hostPort;
        this.window = window;
    }

    /** Asks the host for a connection, which it gives. */
    static GuestStream connect(VsockGuest guest, int guestPort, int hostPort, int window) {
        GuestStream stream = new GuestStream(guest, guestPort, hostPort, window);
        stream.send(PacketHeader.REQUEST, 0, new byte[0]);
        stream.pump();
        return stream;
    }

    /** Accepts a connection that the host asked for. */
    static GuestStream accept(VsockGuest guest, int guestPort, int window) {
        TestPacket request = guest.expect(PacketHeader.REQUEST);
        assertEquals(guestPort, request.dstPort());
        GuestStream stream = new GuestStream(guest, guestPort, request.srcPort(), window);
        stream.note(request);
        stream.send(PacketHeader.RESPONSE, 0, new byte[0]);
        return stream;
    }

    int hostPort() {
        return hostPort;
    }

    void send(int op, int flags, byte[] payload) {
        guest.send(new TestPacket(
                VsockGuest.CID, guestPort, 2, hostPort, 1, op, flags, window, taken, payload.length, payload));
        told = taken;
    }

    /** Sends as much as the host has room for; returns how much. */
    int write(byte[] bytes, int offset) {
        int credit = hostWindow - (sent - hostTaken);
        int length = Math.min(Math.min(credit, bytes.length - offset), 64 << 10);
        if (length > 0) {
            send(PacketHeader.RW, 0, Arrays.copyOfRange(bytes, offset, offset + length));
            sent += length;
        }
        return Math.max(0, length);
    }

    /** Sends all of it, taking packets meanwhile. */
    void writeAll(byte[] bytes) {
        int done = 0;
        while (done < bytes.length) {
            int written = write(bytes, done);
            done += written;
            TestPacket packet = written == 0 ? guest.next() : guest.poll();
            if (packet != null) {
                note(packet);
            }
        }
    }

    /** Waits for one packet and takes it. */
    TestPacket pump() {
        TestPacket packet = guest.next();
        while (packet.dstPort() != guestPort
                && (packet.op() == PacketHeader.RST || packet.op() == PacketHeader.CREDIT_UPDATE)) {
            // Late news of another connection.
            packet = guest.next();
        }
        note(packet);
        return packet;
    }

    /** Takes a packet of this connection. */
    void note(TestPacket packet) {
        assertEquals(hostPort, packet.srcPort(), packet::toString);
        assertEquals(guestPort, packet.dstPort(), packet::toString);
        hostWindow = packet.bufAlloc();
        hostTaken = packet.fwdCnt();
        switch (packet.op()) {
            case PacketHeader.RW -> {
                received.writeBytes(packet.payload());
                taken += packet.length();
                assertTrue(taken - told <= window, "more than there is room for");
                if (taken - told >= window / 2) {
                    send(PacketHeader.CREDIT_UPDATE, 0, new byte[0]);
                }
            }
            case PacketHeader.CREDIT_REQUEST -> send(PacketHeader.CREDIT_UPDATE, 0, new byte[0]);
            case PacketHeader.SHUTDOWN -> hostEnded |= packet.flags();
            case PacketHeader.RST -> reset = true;
            default -> {}
        }
    }

    /** All that was received so far. */
    byte[] received() {
        return received.toByteArray();
    }

    int hostEnded() {
        return hostEnded;
    }

    boolean isReset() {
        return reset;
    }

    /** Takes packets until so much was received. */
    void awaitReceived(int bytes) {
        while (received.size() < bytes) {
            pump();
        }
    }
}
