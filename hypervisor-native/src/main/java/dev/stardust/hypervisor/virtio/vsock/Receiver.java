package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;
import dev.stardust.hypervisor.virtio.VirtioFaultException;

/** Fills the guest's buffers with packets for it: resets first, then one of each connection in turn. */
final class Receiver {
    private final long guestCid;
    private final ConnectionTable table;
    private final ResetQueue resets;
    private final VsockMetrics metrics;
    private final PacketHeader header = new PacketHeader();

    Receiver(long guestCid, ConnectionTable table, ResetQueue resets, VsockMetrics metrics) {
        this.guestCid = guestCid;
        this.table = table;
        this.resets = resets;
        this.metrics = metrics;
    }

    /** Fills buffers as long as there are any and something to put into them. */
    void serve(DeviceQueue buffers) {
        while (!resets.isEmpty() || table.hasTurns()) {
            DescriptorChain chain = buffers.next();
            if (chain == null) {
                return;
            }
            if (chain.writableBytes() <= PacketHeader.SIZE) {
                throw new VirtioFaultException("a buffer for packets has " + chain.writableBytes()
                        + " writable bytes, a header alone takes " + PacketHeader.SIZE);
            }
            int written = write(chain);
            if (written == 0) {
                buffers.undo(1);
                continue;
            }
            metrics.toGuestPackets.increment();
            metrics.toGuestBytes.add(written - PacketHeader.SIZE);
            buffers.used(chain, written);
            buffers.publish();
            if (buffers.turnIsOver()) {
                return;
            }
        }
    }

    private int write(DescriptorChain chain) {
        if (!resets.isEmpty()) {
            resets.take(header, guestCid);
            header.write(chain);
            return PacketHeader.SIZE;
        }
        Connection connection = table.nextTurn();
        int written = connection.prepare() ? connection.write(chain, header, guestCid) : 0;
        if (written > 0 && connection.state() == Connection.State.LEAVING) {
            table.free(connection);
        } else {
            table.queue(connection);
        }
        return written;
    }
}
