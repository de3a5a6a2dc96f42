package dev.stardust.hypervisor.virtio.scsi;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import dev.stardust.hypervisor.virtio.blk.HeapDisk;
import java.util.Random;

/** A CD under a hostile driver: its disc checks that it is asked for nothing that it does not have. */
public final class HostileCd implements HostileSubject {
    private static final int DISC_BYTES = 16 << 10;
    private static final int CONTROL_QUEUE = 0;
    private static final int REQUEST_QUEUE = 2;
    private static final int HEADER_BYTES = 51;
    private static final int RESPONSE_BYTES = 108;
    private static final long RESPONSE = 0x8000;
    private static final int CDB_AT = 19;
    private static final int[] OPERATIONS = {
        0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x28, 0x28, 0x2a, 0x35, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0x88,
        0x88, 0x8a, 0x91, 0x9e, 0xa0, 0xa8, 0xa8, 0xaa
    };

    private final ScsiDevice device = new ScsiDevice(new HeapDisk(DISC_BYTES), "hostile");

    @Override
    public VirtioDevice device() {
        return device;
    }

    @Override
    public void putRequest(int queue, TestChain chain, Random random) {
        if (queue == CONTROL_QUEUE) {
            byte[] request = new byte[16 + random.nextInt(16)];
            request[0] = (byte) random.nextInt(4);
            request[4] = (byte) random.nextInt(10);
            request[request[0] == 0 ? 8 : 4] = 1;
            chain.readable(request).writable(random.nextInt(8));
            return;
        }
        byte[] header = header(OPERATIONS[random.nextInt(OPERATIONS.length)]);
        for (int i = random.nextInt(4); i > 0; i--) {
            header[CDB_AT + 1 + random.nextInt(15)] =
                    (byte) (random.nextBoolean() ? random.nextInt(12) : random.nextInt());
        }
        if (random.nextInt(16) == 0) {
            header[random.nextInt(8)] = (byte) random.nextInt();
        }
        chain.readable(header);
        if (random.nextInt(8) == 0) {
            chain.readable(new byte[random.nextInt(64)]);
        }
        chain.writable(RESPONSE_BYTES);
        for (int i = random.nextInt(5); i > 0; i--) {
            chain.writable(random.nextInt(0x1800));
        }
    }

    private static byte[] header(int operation) {
        byte[] header = new byte[HEADER_BYTES];
        header[0] = 1;
        header[2] = 0x40;
        header[CDB_AT] = (byte) operation;
        return header;
    }

    /** The first command is told of the reset, the second is served. */
    @Override
    public void expectService(TestGuest guest, GuestMemory memory) {
        for (int status : new int[] {2, 0}) {
            memory.write(RESPONSE, new byte[RESPONSE_BYTES]);
            memory.putU8(RESPONSE + 10, 0xff);
            new TestChain(memory, TestGuest.descriptors(REQUEST_QUEUE), 0x5000, RESPONSE)
                    .readable(header(0))
                    .buffer(RESPONSE, RESPONSE_BYTES, TestGuest.WRITE);
            guest.submit(REQUEST_QUEUE, 0);
            int found = memory.getU8(RESPONSE + 10);
            HostileSubject.expect(found == status, "TEST UNIT READY was answered by status " + found);
        }
    }

    @Override
    public void close() {}
}
