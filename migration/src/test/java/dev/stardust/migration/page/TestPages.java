package dev.stardust.migration.page;

import java.nio.ByteBuffer;
import java.util.Random;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/** Native pages for tests, freed with their buffer. */
final class TestPages {
    final UnsafeBuffer buffer;
    final PageRange range;

    TestPages(int pages) {
        ByteBuffer bytes = BufferUtil.allocateDirectAligned(pages * Pages.SIZE, Pages.SIZE);
        this.buffer = new UnsafeBuffer(bytes);
        this.range = new PageRange(buffer.addressOffset(), pages);
    }

    byte[] page(int gfn) {
        byte[] page = new byte[Pages.SIZE];
        buffer.getBytes(gfn * Pages.SIZE, page);
        return page;
    }

    void put(int gfn, byte[] page) {
        buffer.putBytes(gfn * Pages.SIZE, page);
    }

    byte[] all() {
        byte[] all = new byte[buffer.capacity()];
        buffer.getBytes(0, all);
        return all;
    }

    /** A page of one of the kinds that memories are made of: zero, base, one of a few alike, half random, random. */
    void write(Random random, int gfn, TestPages base) {
        switch (random.nextInt(6)) {
            case 0 -> put(gfn, new byte[Pages.SIZE]);
            case 1 -> put(gfn, base == null ? new byte[Pages.SIZE] : base.page(gfn));
            case 2 -> put(gfn, bytes(new Random(random.nextInt(5)), Pages.SIZE));
            case 3 -> put(gfn, bytes(random, Pages.SIZE / 2));
            case 4 -> buffer.putByte(gfn * Pages.SIZE + random.nextInt(Pages.SIZE), (byte) random.nextInt());
            default -> put(gfn, bytes(random, Pages.SIZE));
        }
    }

    private static byte[] bytes(Random random, int length) {
        byte[] some = new byte[length];
        random.nextBytes(some);
        byte[] page = new byte[Pages.SIZE];
        System.arraycopy(some, 0, page, 0, length);
        return page;
    }
}
