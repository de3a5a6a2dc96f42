package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The virtio devices of a VM's machine, and as one more, named {@link #GUEST}, what its agent measures.
 *
 * @param error why there is nothing to tell; empty when there is
 */
public record DeviceReports(List<DeviceReport> devices, String error) implements ClusterMessage {
    /** Beside the devices: the guest itself. */
    static final String GUEST = "guest";

    public DeviceReports {
        devices = List.copyOf(devices);
    }

    /** With what the guest measures, if it tells anything. */
    static DeviceReports of(List<DeviceReport> devices, SortedMap<String, Long> guest) {
        List<DeviceReport> all = new ArrayList<>(devices);
        if (!guest.isEmpty()) {
            DeviceMetrics measured = new DeviceMetrics(new TreeMap<>(), guest, new TreeMap<>());
            all.add(new DeviceReport(GUEST, false, 0, "", measured));
        }
        return new DeviceReports(all, "");
    }

    static DeviceReports failed(String error) {
        return new DeviceReports(List.of(), error);
    }
}
