package dev.stardust.hypervisor.machine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;

/**
 * What a state fits to: a machine must be built alike before a state goes into it.
 *
 * @param memoryMib guest RAM in MiB
 * @param vcpus number of vCPUs
 * @param virtioDevices number of virtio devices
 */
record PlatformState(int memoryMib, int vcpus, int virtioDevices) {
    static final int SIZE = 3 * Integer.BYTES;

    static PlatformState read(DirectBuffer in) {
        return new PlatformState(
                in.getInt(0, ByteOrder.LITTLE_ENDIAN),
                in.getInt(4, ByteOrder.LITTLE_ENDIAN),
                in.getInt(8, ByteOrder.LITTLE_ENDIAN));
    }

    byte[] toBytes() {
        return ByteBuffer.allocate(SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(memoryMib)
                .putInt(vcpus)
                .putInt(virtioDevices)
                .array();
    }

    @Override
    public String toString() {
        return memoryMib + " MiB, " + vcpus + " vCPU, " + virtioDevices + " virtio devices";
    }
}
