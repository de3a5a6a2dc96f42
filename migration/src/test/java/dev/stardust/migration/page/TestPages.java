package dev.stardust.migration.page;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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

    /** SHA-256 page by page: as good a hash as any where speed does not matter. */
    static void hash(long address, int pages, long hashes) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            byte[] page = new byte[Pages.SIZE];
            UnsafeBuffer view = new UnsafeBuffer(address, pages * Pages.SIZE);
            UnsafeBuffer out = new UnsafeBuffer(hashes, pages * PageHasher.HASH_BYTES);
            for (int i = 0; i < pages; i++) {
                view.getBytes(i * Pages.SIZE, page);
                out.putBytes(i * PageHasher.HASH_BYTES, sha.digest(page));
            }
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
