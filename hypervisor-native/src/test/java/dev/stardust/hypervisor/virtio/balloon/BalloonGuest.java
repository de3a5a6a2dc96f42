package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestChain;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A guest of 16 MiB with a balloon. */
final class BalloonGuest implements AutoCloseable {
    static final int PAGE = 4096;
    static final int PAGES = 4096;
    static final long RAM_BYTES = (long) PAGES * PAGE;

    /** Where rings and requests are; what is above is free to be given up. */
    static final int FIRST_FREE_PAGE = 0x100;

    private static final long REQUEST = 0x5000;

    final GuestMemory memory = GuestMemory.create(RAM_BYTES);
    final BalloonDevice device;
    final TestGuest driver;

    BalloonGuest(BalloonSettings settings) {
        device = new BalloonDevice(RAM_BYTES, settings);
        driver = new TestGuest(device, memory);
    }

    BalloonGuest() {
        this(new BalloonSettings(0, true, true, 0));
    }

    BalloonGuest started() {
        driver.start();
        return this;
    }

    /** Writes something into a page. */
    void mark(int page) {
        memory.putU8((long) page * PAGE, 0x77);
    }

    boolean isMarked(int page) {
        return memory.getU8((long) page * PAGE) == 0x77;
    }

    /** A chain at a queue's first descriptors. */
    TestChain chain(int queue) {
        return new TestChain(memory, TestGuest.descriptors(queue), REQUEST, RAM_BYTES);
    }

    /** Names pages in a request to the inflate or the deflate queue. */
    void give(int queue, int... pages) {
        chain(queue).readable(numbers(pages));
        driver.submit(queue, 0);
    }

    static byte[] numbers(int... pages) {
        ByteBuffer numbers = ByteBuffer.allocate(pages.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int page : pages) {
            numbers.putInt(page);
        }
        return numbers.array();
    }

    /** Lets the worker have turns until the queue has used that many. */
    int turnsUntilUsed(int queue, int count) {
        int turns = 0;
        while (driver.usedIndex(queue) != count) {
            driver.serve(queue);
            turns++;
        }
        return turns;
    }

    long config(int offset) {
        return driver.transport().read(0x100 + offset, 4);
    }

    void writeConfig(int offset, int value) {
        driver.transport().write(0x100 + offset, 4, Integer.toUnsignedLong(value));
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
