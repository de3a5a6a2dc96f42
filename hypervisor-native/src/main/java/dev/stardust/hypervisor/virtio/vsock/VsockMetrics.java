package dev.stardust.hypervisor.virtio.vsock;

import dev.stardust.hypervisor.metrics.Counter;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import java.util.Map;

/** What a socket device did, counted by the thread that serves it. */
final class VsockMetrics {
    final Counter opened = new Counter();
    final Counter refused = new Counter();
    final Counter reset = new Counter();
    final Counter dropped = new Counter();
    final Counter toGuestPackets = new Counter();
    final Counter toGuestBytes = new Counter();
    final Counter fromGuestPackets = new Counter();
    final Counter fromGuestBytes = new Counter();

    DeviceMetrics read() {
        return DeviceMetrics.of(
                Map.of(
                        "connections.opened", opened,
                        "connections.refused", refused,
                        "connections.reset", reset,
                        "packets.dropped", dropped,
                        "to.guest.packets", toGuestPackets,
                        "to.guest.bytes", toGuestBytes,
                        "from.guest.packets", fromGuestPackets,
                        "from.guest.bytes", fromGuestBytes),
                Map.of());
    }
}
