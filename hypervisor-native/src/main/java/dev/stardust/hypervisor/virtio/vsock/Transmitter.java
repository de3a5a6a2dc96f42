package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;

/** Takes the guest's packets. Whatever they say, they change no more than the guest's own connections. */
final class Transmitter {
    private final long guestCid;
    private final ConnectionTable table;
    private final ResetQueue resets;
    private final HostSockets host;
    private final VsockMetrics metrics;
    private final PacketHeader header = new PacketHeader();

    Transmitter(long guestCid, ConnectionTable table, ResetQueue resets, HostSockets host, VsockMetrics metrics) {
        this.guestCid = guestCid;
        this.table = table;
        this.resets = resets;
        this.host = host;
        this.metrics = metrics;
    }

    /** Takes packets as long as there are any and their answers can be kept. */
    void serve(DeviceQueue packets) {
        while (!resets.isFull()) {
            DescriptorChain chain = packets.next();
            if (chain == null) {
                return;
            }
            take(chain);
            packets.used(chain, 0);
            packets.publish();
            if (packets.turnIsOver()) {
                return;
            }
        }
    }

    private void take(DescriptorChain chain) {
        header.read(chain);
        metrics.fromGuestPackets.increment();
        if (header.srcCid() != guestCid || header.dstCid() != VsockDevice.HOST_CID) {
            metrics.dropped.increment();
            return;
        }
        Connection connection =
                header.type() == PacketHeader.STREAM ? table.find(header.dstPort(), header.srcPort()) : null;
        if (connection != null) {
            connection.guestCredit(header.bufAlloc(), header.fwdCnt());
            switch (connection.state()) {
                case REQUESTED -> answered(connection);
                case OPEN -> open(connection, chain);
                default -> leaving(connection);
            }
            table.queue(connection);
        } else if (header.op() == PacketHeader.REQUEST && header.type() == PacketHeader.STREAM) {
            connect();
        } else if (header.op() != PacketHeader.RST) {
            refuse();
        }
    }

    private void refuse() {
        resets.add(header.dstPort(), header.srcPort(), header.type());
    }

    private void connect() {
        int fd = table.isFull() ? -1 : host.connect(header.dstPort());
        if (fd < 0) {
            metrics.refused.increment();
            refuse();
            return;
        }
        Connection connection = table.take();
        connection.accept(fd, header.dstPort(), header.srcPort());
        connection.guestCredit(header.bufAlloc(), header.fwdCnt());
        table.name(connection);
        host.watch(connection);
        metrics.opened.increment();
        table.queue(connection);
    }

    private void answered(Connection connection) {
        switch (header.op()) {
            case PacketHeader.RESPONSE -> {
                if (host.welcome(connection)) {
                    metrics.opened.increment();
                } else {
                    reset(connection);
                }
            }
            case PacketHeader.RST -> {
                metrics.refused.increment();
                table.free(connection);
            }
            default -> reset(connection);
        }
    }

    private void open(Connection connection, DescriptorChain chain) {
        switch (header.op()) {
            case PacketHeader.RW -> data(connection, chain);
            case PacketHeader.SHUTDOWN -> shutdown(connection);
            case PacketHeader.CREDIT_UPDATE -> {} // its numbers were taken already
            case PacketHeader.CREDIT_REQUEST -> connection.send(PacketHeader.CREDIT_UPDATE);
            case PacketHeader.RST -> {
                metrics.reset.increment();
                table.free(connection);
            }
            default -> reset(connection);
        }
    }

    private void data(Connection connection, DescriptorChain chain) {
        long length = header.length();
        if (length > chain.readableBytes() - PacketHeader.SIZE
                || !connection.hasRoomFor(length)
                || connection.guestEnded(PacketHeader.NO_SEND)) {
            reset(connection);
            return;
        }
        connection.take(chain, (int) length);
        metrics.fromGuestBytes.add(length);
    }

    /** A guest that neither sends nor receives any more is answered by RST at once and may use its port again. */
    private void shutdown(Connection connection) {
        connection.guestEnds(header.flags());
        if (connection.guestEnded(PacketHeader.NEITHER)) {
            table.unname(connection);
            connection.drain();
            refuse();
            if (connection.isDrained()) {
                table.free(connection);
            }
        }
    }

    /** The guest is about to be told the end; it may have ended on its own. */
    private void leaving(Connection connection) {
        if (header.op() == PacketHeader.RST) {
            table.free(connection);
        } else if (header.op() == PacketHeader.SHUTDOWN
                && (header.flags() & PacketHeader.NEITHER) == PacketHeader.NEITHER) {
            connection.leave(PacketHeader.RST);
        }
    }

    private void reset(Connection connection) {
        metrics.reset.increment();
        connection.leave(PacketHeader.RST);
    }
}
