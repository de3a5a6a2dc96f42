package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * The envelope of a machine's state: QEMU's own migration stream, without RAM, and what kind of machine it is of
 * (docs/formats-vmm.md).
 *
 * @param memoryMib RAM of the machines that it fits
 * @param vcpus their number of vCPUs
 * @param accelerator what runs their guests' code
 */
record QemuState(int memoryMib, int vcpus, Accelerator accelerator) {
    private static final int MAGIC = 0x53514453; // "SDQS"
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 28;

    /** Closes the envelope. */
    MachineState seal(byte[] stream) {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + stream.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(MAGIC)
                .putInt(VERSION)
                .putInt(memoryMib)
                .putInt(vcpus)
                .putInt(accelerator.code())
                .putInt(stream.length)
                .putInt(checksum(stream))
                .put(stream);
        return new MachineState(bytes.array());
    }

    /** The stream in a state; refuses what is none, is damaged, or is of another kind of machine. */
    byte[] open(MachineState state) {
        ByteBuffer bytes = ByteBuffer.wrap(state.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.remaining() < HEADER_BYTES || bytes.getInt() != MAGIC) {
            throw new MachineException("the saved machine state is not of QEMU: start it on the hypervisor it is of");
        }
        int version = bytes.getInt();
        if (version != VERSION) {
            throw new MachineException("the saved machine state has version " + version + ", this Stardust knows "
                    + VERSION + ": use the Stardust that wrote it");
        }
        int savedMib = bytes.getInt();
        int savedVcpus = bytes.getInt();
        int savedCode = bytes.getInt();
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
        requireAccelerator(savedCode);
        return stream;
    }

    /** Each shows a guest another processor, and writes what it alone reads. */
    private void requireAccelerator(int savedCode) {
        if (savedCode != accelerator.code()) {
            String saved = Arrays.stream(Accelerator.values())
                    .filter(known -> known.code() == savedCode)
                    .findFirst()
                    .map(QemuState::named)
                    .orElse("accelerator-" + savedCode);
            throw new MachineException("the saved machine state is of qemu/" + saved + "; this machine runs on qemu/"
                    + named(accelerator) + ": start it on a host that has qemu/" + saved);
        }
    }

    private static String named(Accelerator accelerator) {
        return accelerator.name().toLowerCase(Locale.ROOT);
    }

    private static int checksum(byte[] stream) {
        CRC32C crc = new CRC32C();
        crc.update(stream);
        return (int) crc.getValue();
    }
}
