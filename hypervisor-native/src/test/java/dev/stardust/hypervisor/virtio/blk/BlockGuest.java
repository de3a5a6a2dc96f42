package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

/** A guest with a disk of random bytes, whose requests have a header, one buffer and a status. */
final class BlockGuest implements AutoCloseable {
    static final int DISK_BYTES = 64 << 10;
    static final int SECTORS = DISK_BYTES / 512;
    static final long HEADER = 0x8000;
    static final long STATUS = 0x8800;
    static final long DATA = 0x1_0000;

    final HeapDisk disk = new HeapDisk(DISK_BYTES);
    final GuestMemory memory = GuestMemory.create(1 << 20);
    final BlockDevice device;
    final TestGuest driver;

    long nowNs = 1_000;

    BlockGuest(BlockSettings settings) {
        new Random(1).nextBytes(disk.bytes());
        device = new BlockDevice(disk, settings, () -> nowNs += 10_000);
        driver = new TestGuest(device, memory);
    }

    /** Started with all that the device offers. */
    BlockGuest started() {
        driver.start();
        return this;
    }

    void header(int type, long sector) {
        memory.putU32(HEADER, type);
        memory.putU64(HEADER + 8, sector);
        memory.putU8(STATUS, 0xff);
    }

    int status() {
        return memory.getU8(STATUS);
    }

    /** A request with one data buffer; returns the status that the device wrote, 0xff if it wrote none. */
    int request(int type, long sector, long length) {
        return request(0, type, sector, length);
    }

    int request(int queue, int type, long sector, long length) {
        prepare(queue, type, sector, length);
        driver.submit(queue, 0);
        return status();
    }

    /** Puts a request at descriptors 0 to 2 of a queue. */
    void prepare(int queue, int type, long sector, long length) {
        header(type, sector);
        boolean filled =
                type != BlockRequest.T_OUT && type != BlockRequest.T_DISCARD && type != BlockRequest.T_WRITE_ZEROES;
        driver.descriptor(queue, 0, HEADER, 16, TestGuest.NEXT, 1);
        driver.descriptor(queue, 1, DATA, length, TestGuest.NEXT | (filled ? TestGuest.WRITE : 0), 2);
        driver.descriptor(queue, 2, STATUS, 1, TestGuest.WRITE, 0);
    }

    /** A request with ranges, each given as sector, sectors and flags. */
    int clear(int type, long... ranges) {
        ByteBuffer bytes = ByteBuffer.allocate(ranges.length / 3 * 16).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < ranges.length; i += 3) {
            bytes.putLong(ranges[i]).putInt((int) ranges[i + 1]).putInt((int) ranges[i + 2]);
        }
        memory.write(DATA, bytes.array());
        return request(type, 0, bytes.capacity());
    }

    byte[] bytes(long address, int length) {
        byte[] bytes = new byte[length];
        memory.read(address, bytes);
        return bytes;
    }

    long config(int offset, int width) {
        return driver.transport().read(0x100 + offset, width);
    }

    long counted(String name) {
        return device.metrics().counters().get(name);
    }

    @Override
    public void close() {
        driver.close();
        memory.close();
    }
}
