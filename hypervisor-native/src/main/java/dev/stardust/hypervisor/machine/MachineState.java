package dev.stardust.hypervisor.machine;

/**
 * Everything of a paused machine except memory and disks: clock, interrupt controllers, vCPUs, devices.
 *
 * @param bytes the state in the format that {@code docs/formats.md} describes (magic, version, checksum)
 */
public record MachineState(byte[] bytes) {
    @Override
    public boolean equals(Object o) {
        return o instanceof MachineState s && java.util.Arrays.equals(bytes, s.bytes);
    }

    @Override
    public int hashCode() {
        return java.util.Arrays.hashCode(bytes);
    }
}
