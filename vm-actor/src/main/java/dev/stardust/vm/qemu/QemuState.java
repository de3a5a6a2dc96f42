package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The state of a machine of QEMU: QEMU's own migration stream, without RAM, in an envelope of ours (docs/formats-vmm.md):
 * magic, version, RAM in MiB, vCPUs, length, checksum, stream.
 */
final class QemuState {
    private static final int MAGIC = 0x53514453; // "SDQS"
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 24;

    private QemuState() {}

    static MachineState seal(int memoryMib, int vcpus, byte[] stream) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + stream.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(MAGIC)
                .putInt(VERSION)
                .putInt(memoryMib)
                .putInt(vcpus)
                .putInt(stream.length)
                .putInt(checksum(stream))
                .put(stream);
        return new MachineState(bytes.array());
    }

    /** The stream in a state; refuses what is none, is damaged, or is of another kind of machine. */
    static byte[] open(int memoryMib, int vcpus, MachineState state) {
        ByteBuffer bytes = ByteBuffer.wrap(state.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < HEADER_BYTES || bytes.getInt() != MAGIC) {
            throw new MachineException("the saved machine state is not of QEMU: start it on the hypervisor it is of");
        }
        int version = bytes.getInt();
        if (version != VERSION) {
            throw new MachineException("the saved machine state has version " + version + ", this Stardust knows "
                    + VERSION + ": use the newer one");
        }
        int savedMib = bytes.getInt();
        int savedVcpus = bytes.getInt();
        int length = bytes.getInt();
        int checksum = bytes.getInt();
        if (length != bytes.remaining()) {
            throw new MachineException("the saved machine state is cut off or too long");
        }
        byte[] stream = new byte[length];
        bytes.get(stream);
        if (checksum != checksum(stream)) {
            throw new MachineException("the saved machine state is damaged: wrong checksum");
        }
        if (savedMib != memoryMib || savedVcpus != vcpus) {
            throw new MachineException("the saved machine state is of a machine with " + savedMib + " MiB and "
                    + savedVcpus + " vCPUs; this one has " + memoryMib + " and " + vcpus);
        }
        return stream;
    }

    private static int checksum(byte[] stream) {
        CRC32C crc = new CRC32C();
        crc.update(stream);
        return (int) crc.getValue();
    }
}
