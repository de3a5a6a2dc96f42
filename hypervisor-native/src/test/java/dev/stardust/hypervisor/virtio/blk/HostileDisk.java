package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.HostileSubject;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.VirtioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** A disk under a hostile driver: it checks that it is asked for nothing that it does not have. */
public final class HostileDisk implements HostileSubject {
    private static final int DISK_BYTES = 16 << 10;
    private static final long STATUS = 0x8000;
    private static final int QUEUES = 3;
    private static final int[] TYPES = {
        BlockRequest.T_IN,
        BlockRequest.T_OUT,
        BlockRequest.T_FLUSH,
        BlockRequest.T_GET_ID,
        BlockRequest.T_DISCARD,
        BlockRequest.T_WRITE_ZEROES,
        99
    };

    private final HeapDisk disk = new HeapDisk(DISK_BYTES);
    private final BlockDevice device;

    public HostileDisk(boolean readOnly) {
        device = new BlockDevice(disk, new BlockSettings("hostile", readOnly, QUEUES, RateLimit.NONE));
    }

    @Override
    public VirtioDevice device() {
        return device;
    }

    @Override
    public void putRequest(int queue, TestChain chain, Random random) {
        int type = TYPES[random.nextInt(TYPES.length)];
        chain.readable(header(type, DISK_BYTES / BlockDevice.SECTOR_SIZE - random.nextInt(12)));
        for (int i = random.nextInt(TestChain.MAX_LENGTH - 1); i > 0; i--) {
            int length = BlockDevice.SECTOR_SIZE * random.nextInt(4);
            switch (type) {
                case BlockRequest.T_OUT -> chain.readable(new byte[length]);
                case BlockRequest.T_DISCARD, BlockRequest.T_WRITE_ZEROES -> chain.readable(ranges(random));
                default -> chain.writable(length);
            }
        }
        chain.writable(1);
    }

    private static byte[] ranges(Random random) {
        ByteBuffer ranges =
                ByteBuffer.allocate(BlockRequest.RANGE_SIZE * random.nextInt(3)).order(ByteOrder.LITTLE_ENDIAN);
        while (ranges.hasRemaining()) {
            ranges.putLong(random.nextInt(DISK_BYTES / BlockDevice.SECTOR_SIZE));
            ranges.putInt(random.nextInt(12)).putInt(random.nextInt(8) == 0 ? random.nextInt(4) : 0);
        }
        return ranges.array();
    }

    /** A limit comes and goes. */
    @Override
    public void disturb(Random random) {
        device.limit(
                random.nextBoolean() ? RateLimit.NONE : new RateLimit(Rate.perSecond(1 << 20), Rate.perSecond(100)));
    }

    private static byte[] header(int type, long sector) {
        return ByteBuffer.allocate(BlockRequest.HEADER_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(0)
                .putLong(sector)
                .array();
    }

    @Override
    public void expectService(TestGuest guest, GuestMemory memory) {
        device.limit(RateLimit.NONE);
        memory.putU8(STATUS, 0xff);
        new TestChain(memory, TestGuest.descriptors(0), 0x5000, STATUS)
                .readable(header(BlockRequest.T_IN, 1))
                .writable(BlockDevice.SECTOR_SIZE)
                .buffer(STATUS, 1, TestGuest.WRITE);
        guest.submit(0);
        int status = memory.getU8(STATUS);
        HostileSubject.expect(
                guest.usedIndex() == 1 && status == BlockRequest.S_OK, "a read was answered by status " + status);
    }

    @Override
    public void close() {}
}
