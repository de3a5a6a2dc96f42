package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.UnixSocket;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.DescriptorChain;

/**
 * One place for a connection between a port of the guest and a host program's socket; used for one connection after the
 * other. Credit, section 5.10.6.3: each side sends only what the other has room for, and tells how much it took.
 */
final class Connection {
    /** Bytes that the guest may send ahead of the host program, which are all that a connection holds. */
    static final int WINDOW_BYTES = 64 << 10;

    /** Most payload of one packet, so that connections take turns. */
    private static final int MAX_PAYLOAD_BYTES = 64 << 10;

    /** When the guest is told, at the latest, how much was taken. */
    private static final int UPDATE_BYTES = WINDOW_BYTES / 2;

    private static final int CLOSED = -1;

    enum State {
        FREE,
        /** A host program is there and has yet to say to which port. */
        GREETING,
        /** The guest was asked for a connection and has not answered. */
        REQUESTED,
        OPEN,
        /** The guest is done with it and knows it no more; what it sent is still on its way to the host program. */
        DRAINING,
        /** Its socket is closed; the guest is yet to be told, by one last packet. */
        LEAVING
    }

    private final int place;
    private final ByteRing toHost;
    private State state = State.FREE;
    private int fd = CLOSED;
    private int hostPort;
    private int guestPort;
    private boolean queued;

    /** Packets that the guest is to get, a bit for each operation. */
    private int pending;

    private boolean readable;
    private boolean hungUp;
    private boolean creditAsked;

    /** What the guest, and the host program, will not do any more: flags of SHUTDOWN. */
    private int guestEnded;

    private int hostEnded;

    private int guestWindow;
    private int guestTaken;
    private int sent;
    private int taken;
    private int takenTold;

    /**
     * An empty place.
     *
     * @param bufferAddress native memory of {@link #WINDOW_BYTES}
     */
    Connection(int place, long bufferAddress) {
        this.place = place;
        toHost = new ByteRing(bufferAddress, WINDOW_BYTES);
    }

    /** Takes a connection of a host program's. */
    void greet(int socket) {
        begin(State.GREETING, socket);
    }

    /** Knows by now which port the host program wants. */
    void request(int newHostPort, int newGuestPort) {
        state = State.REQUESTED;
        hostPort = newHostPort;
        guestPort = newGuestPort;
        // More may have come with the line.
        readable = true;
        send(PacketHeader.REQUEST);
    }

    /** Takes a connection that the guest asked for. */
    void accept(int socket, int newHostPort, int newGuestPort) {
        begin(State.OPEN, socket);
        hostPort = newHostPort;
        guestPort = newGuestPort;
        send(PacketHeader.RESPONSE);
    }

    private void begin(State first, int socket) {
        state = first;
        fd = socket;
        pending = 0;
        readable = false;
        hungUp = false;
        creditAsked = false;
        guestEnded = 0;
        hostEnded = 0;
        guestWindow = 0;
        guestTaken = 0;
        sent = 0;
        taken = 0;
        takenTold = 0;
        toHost.clear();
    }

    /** The guest has accepted. */
    void opened() {
        state = State.OPEN;
    }

    /** The guest needs it no more, the host program may still be given what is left. */
    void drain() {
        state = State.DRAINING;
        pending = 0;
    }

    /** Has one last packet for the guest; the socket is closed. */
    void leave(int lastOp) {
        closeSocket();
        state = State.LEAVING;
        pending = 1 << lastOp;
        hostEnded = PacketHeader.NEITHER;
    }

    void free() {
        closeSocket();
        state = State.FREE;
        pending = 0;
    }

    private void closeSocket() {
        if (fd != CLOSED) {
            Libc.C.close(fd);
            fd = CLOSED;
        }
    }

    /** Remembers what the kernel tells about the socket. */
    void noteReadable(boolean otherSideIsGone) {
        readable = true;
        hungUp |= otherSideIsGone;
    }

    /** Takes what a packet of the guest's tells about its room. */
    void guestCredit(int window, int takenSoFar) {
        guestWindow = window;
        guestTaken = takenSoFar;
        creditAsked &= credit() == 0;
    }

    /** Bytes that the guest has room for. A guest that claims to have taken more than was sent has none. */
    private int credit() {
        long onTheWay = Integer.toUnsignedLong(sent - guestTaken);
        long room = Integer.toUnsignedLong(guestWindow) - onTheWay;
        return (int) Math.max(0, Math.min(room, MAX_PAYLOAD_BYTES));
    }

    /** Has the guest get a packet soon. */
    void send(int op) {
        pending |= 1 << op;
    }

    /** Sees to what can be done without the guest; tells whether there is a packet for it, or bytes to make one of. */
    boolean prepare() {
        if (state == State.OPEN) {
            if (guestEnded(PacketHeader.NO_RECEIVE)) {
                if (hungUp) {
                    leave(PacketHeader.SHUTDOWN);
                }
            } else if (readable && credit() > 0) {
                return true;
            } else if (readable && !creditAsked) {
                creditAsked = true;
                send(PacketHeader.CREDIT_REQUEST);
            }
        }
        return pending != 0 && state != State.DRAINING;
    }

    /**
     * Puts the next packet into a request of the guest's; header and payload.
     *
     * @return its bytes, or 0 if there was nothing to read after all
     */
    int write(DescriptorChain chain, PacketHeader header, long guestCid) {
        int payload = 0;
        if (pending == 0) {
            payload = readSocket(chain);
            if (payload == 0 && pending == 0) {
                return 0;
            }
        }
        int op = payload > 0 ? PacketHeader.RW : Integer.numberOfTrailingZeros(pending);
        pending &= ~(1 << op | 1 << PacketHeader.CREDIT_UPDATE);
        sent += payload;
        takenTold = taken;
        header.addresses(VsockDevice.HOST_CID, hostPort, guestCid, guestPort);
        header.content(PacketHeader.STREAM, op, op == PacketHeader.SHUTDOWN ? hostEnded : 0, payload);
        header.credit(WINDOW_BYTES, taken);
        header.write(chain);
        return PacketHeader.SIZE + payload;
    }

    /** Reads behind where the header goes; 0 when there is nothing or what is next is pending. */
    private int readSocket(DescriptorChain chain) {
        long result = readInto(chain, credit());
        if (result > 0) {
            return (int) result;
        }
        readable = false;
        if (result == 0) {
            hostWritesNoMore();
        } else if (!UnixSocket.isNotNow(result)) {
            leave(PacketHeader.RST);
        }
        return 0;
    }

    private void hostWritesNoMore() {
        if (hungUp) {
            leave(PacketHeader.SHUTDOWN);
        } else if ((hostEnded & PacketHeader.NO_SEND) == 0) {
            hostEnded |= PacketHeader.NO_SEND;
            send(PacketHeader.SHUTDOWN);
        }
    }

    private long readInto(DescriptorChain chain, int limit) {
        GuestMemory memory = chain.memory();
        long skip = PacketHeader.SIZE;
        long done = 0;
        for (int i = chain.readableCount(); i < chain.count() && done < limit; i++) {
            long skipped = Math.min(skip, chain.length(i));
            long length = Math.min(chain.length(i) - skipped, limit - done);
            skip -= skipped;
            if (length > 0) {
                long at = chain.address(i) + skipped;
                long read = UnixSocket.receive(fd, memory.checkedAddress(at, length), length);
                if (read > 0) {
                    memory.markDirty(at, read);
                    done += read;
                }
                if (read != length) {
                    return done > 0 ? done : read;
                }
            }
        }
        return done;
    }

    /** Whether the guest may send that many bytes. */
    boolean hasRoomFor(long bytes) {
        return bytes <= WINDOW_BYTES - toHost.size();
    }

    /** Takes the payload of a packet, for which there is room. */
    void take(DescriptorChain chain, int length) {
        long skip = PacketHeader.SIZE;
        int left = length;
        for (int i = 0; left > 0; i++) {
            long skipped = Math.min(skip, chain.length(i));
            int part = (int) Math.min(chain.length(i) - skipped, left);
            skip -= skipped;
            left -= part;
            if (part > 0) {
                hand(chain.memory().checkedAddress(chain.address(i) + skipped, part), part);
            }
        }
    }

    /** Hands bytes to the host program, and keeps what it does not take at once. */
    private void hand(long address, int length) {
        int done = 0;
        if (toHost.size() == 0 && !hostEnded(PacketHeader.NO_RECEIVE)) {
            done = taken(UnixSocket.send(fd, address, length));
        }
        if (hostEnded(PacketHeader.NO_RECEIVE)) {
            count(length - done);
        } else {
            toHost.append(address + done, length - done);
        }
    }

    /** Hands the host program more of what it did not take at once. */
    void flush() {
        if (toHost.size() > 0) {
            taken(toHost.sendTo(fd));
        }
        if (toHost.size() == 0 && guestEnded(PacketHeader.NO_SEND)) {
            UnixSocket.endWriting(fd);
        }
    }

    private int taken(long result) {
        if (result >= 0) {
            count((int) result);
            return (int) result;
        }
        if (!UnixSocket.isNotNow(result)) {
            // The host program reads no more: what it did not take is lost, and the guest is told to stop.
            hostEnded |= PacketHeader.NO_RECEIVE;
            send(PacketHeader.SHUTDOWN);
            count(toHost.size());
            toHost.clear();
        }
        return 0;
    }

    private void count(int bytes) {
        taken += bytes;
        if (taken - takenTold >= UPDATE_BYTES) {
            send(PacketHeader.CREDIT_UPDATE);
        }
    }

    /** The guest will not do that any more; what it sent before is still handed over. */
    void guestEnds(int flags) {
        guestEnded |= flags & PacketHeader.NEITHER;
        if (guestEnded(PacketHeader.NO_RECEIVE)) {
            UnixSocket.endReading(fd);
        }
        flush();
    }

    boolean guestEnded(int flags) {
        return (guestEnded & flags) == flags;
    }

    private boolean hostEnded(int flags) {
        return (hostEnded & flags) == flags;
    }

    /** Whether all that the guest sent was handed over, or has nobody to go to. */
    boolean isDrained() {
        return toHost.size() == 0;
    }

    State state() {
        return state;
    }

    int place() {
        return place;
    }

    int fd() {
        return fd;
    }

    int hostPort() {
        return hostPort;
    }

    int guestPort() {
        return guestPort;
    }

    /** Whether it waits for its turn to send to the guest; kept by the table. */
    boolean queued() {
        return queued;
    }

    void queued(boolean waits) {
        queued = waits;
    }
}
