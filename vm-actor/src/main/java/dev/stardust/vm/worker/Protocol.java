package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.machine.MachineStatus;
import java.util.List;

/** Names and bodies of the protocol's own operations; the table is in {@code docs/formats.md}. */
final class Protocol {
    /** Raised with every change that the other side would not understand. */
    static final int VERSION = 2;

    static final String HELLO = "hello";
    static final String CREATE = "create";
    static final String START = "start";
    static final String RESUME = "resume";
    static final String PAUSE = "pause";
    static final String SAVE_STATE = "saveState";
    static final String RESTORE_STATE = "restoreState";
    static final String STATUS = "status";
    static final String POWER_BUTTON = "powerButton";
    static final String DEVICES = "devices";
    static final String SET_BALLOON = "setBalloon";
    static final String RESIZE_TERMINAL = "resizeTerminal";
    static final String SET_TAG = "setTag";
    static final String DESTROY = "destroy";
    static final String SHUTDOWN = "shutdown";

    /** The event that tells of a machine's change of phase; its body is a {@link MachineInfo}. */
    static final String MACHINE_EVENT = "machine";

    /** The event that tells of a device that its driver stopped; its body is a {@link DeviceFault}. */
    static final String FAULT_EVENT = "deviceFault";

    private Protocol() {}

    /** The first request of a connection. */
    record Hello(int protocol, String nodeId, String clusterUuid) {}

    /** What a worker answers to {@link Hello}. */
    record HelloReply(int protocol, String workerId, long pid, long startTicks, List<MachineInfo> machines) {}

    /** Body of the operations on one machine; refused if the machine is of another epoch. */
    record Vm(String vm, long epoch) {}

    /** Body of the operations that other modules add. */
    record Extension(String vm, long epoch, JsonNode args) {}

    /** Body of {@code restoreState}. */
    record RestoreState(String vm, long epoch, byte[] state) {}

    /** Reply to {@code saveState}. */
    record SavedState(byte[] state) {}

    /** Reply to {@code devices}. */
    record Devices(List<DeviceReport> devices) {}

    /** Body of {@code setBalloon}. */
    record SetBalloon(String vm, long epoch, long targetBytes) {}

    /** Body of {@code resizeTerminal}. */
    record ResizeTerminal(String vm, long epoch, int columns, int rows) {}

    /** Body of {@code setTag}; {@code newEpoch} may equal {@code epoch}. */
    record SetTag(String vm, long epoch, long newEpoch, String tag) {}

    /** Reply to {@code status}. */
    record Status(MachineStatus.Phase phase, String reason, long uptimeMs, long exits) {
        MachineStatus status() {
            return new MachineStatus(phase, reason == null ? "" : reason, uptimeMs, exits);
        }
    }

    /** Body of {@code shutdown}. */
    record Shutdown(boolean force) {}
}
