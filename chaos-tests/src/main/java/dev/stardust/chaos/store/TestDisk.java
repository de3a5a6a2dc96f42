package dev.stardust.chaos.store;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** A disk of blocks whose content follows from which version of it was the last that wrote them. */
final class TestDisk {
    static final int BLOCK_BYTES = 4096;
    static final int BLOCKS = 512;
    static final int SIZE_BYTES = BLOCKS * BLOCK_BYTES;

    private static final int MOST_RUNS = 4;
    private static final int LONGEST_RUN = 24;

    private TestDisk() {}

    /** The blocks that a version writes. */
    static Set<Integer> blocks(long version) {
        Random random = new Random(version);
        Set<Integer> blocks = new TreeSet<>();
        for (int run = 1 + random.nextInt(MOST_RUNS); run > 0; run--) {
            int first = random.nextInt(BLOCKS);
            for (int b = first; b < Math.min(BLOCKS, first + 1 + random.nextInt(LONGEST_RUN)); b++) {
                blocks.add(b);
            }
        }
        return blocks;
    }

    /** What a version writes to a block; zeros for version 0. Some blocks are alike but for their beginning. */
    static byte[] content(int block, long version) {
        byte[] content = new byte[BLOCK_BYTES];
        if (version > 0) {
            if (block % 3 > 0) {
                new Random(block * 31L + version).nextBytes(content);
            }
            ByteBuffer.wrap(content).putLong(version).putInt(block);
        }
        return content;
    }

    /** The version that a block says it is of. */
    static long version(byte[] content) {
        return ByteBuffer.wrap(content).getLong();
    }
}
