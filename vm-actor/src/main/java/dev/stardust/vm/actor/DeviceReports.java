package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.hypervisor.machine.DeviceReport;
import java.util.List;

/**
 * The virtio devices of a VM's machine.
 *
 * @param error why there is nothing to tell; empty when there is
 */
public record DeviceReports(List<DeviceReport> devices, String error) implements ClusterMessage {
    public DeviceReports {
        devices = List.copyOf(devices);
    }

    static DeviceReports failed(String error) {
        return new DeviceReports(List.of(), error);
    }
}
