package dev.stardust.migration.page;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.PageHasher;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class PageStreamTest {
    private static final int DISK_BLOCKS = 50;

    @Property(tries = 300)
    void targetEqualsSourceAtTheEnd(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 300) int pages,
            @ForAll boolean withBase,
            @ForAll PageCompression compression,
            @ForAll @IntRange(min = PageEncoder.MIN_FRAME_BYTES, max = PageEncoder.MAX_FRAME_BYTES + 1_000)
                    int maxFrameBytes) {
        Random random = new Random(seed);
        TestPages base = withBase ? base(random, pages) : null;
        TestPages source = new TestPages(pages);
        TestPages target = new TestPages(pages);
        if (withBase) {
            source.buffer.putBytes(0, base.all());
            target.buffer.putBytes(0, base.all());
        }
        TestPages sourceDisk = new TestPages(DISK_BLOCKS);
        TestPages targetDisk = new TestPages(DISK_BLOCKS);
        DirtyBitmap dirty = new DirtyBitmap(pages);
        dirty.setAll();
        boolean[] paused = new boolean[1];
        // The guest writes while its pages are being encoded.
        PageHasher hasher = (address, count, hashes) -> {
            Blake3.hashPages(address, count, hashes);
            for (int i = random.nextInt(4); i > 0 && !paused[0]; i--) {
                write(random, source, base, dirty);
            }
        };
        PageRange baseRange = withBase ? base.range : null;
        try (PageApplier applier = new PageApplier(
                        target.range,
                        baseRange,
                        new long[] {0, DISK_BLOCKS},
                        (disk, block, address) -> Pages.copy(address, targetDisk.range.page((int) block)));
                PageEncoder encoder = new PageEncoder(
                        source.range, baseRange, hasher, compression, maxFrameBytes, (buffer, offset, length) -> {
                            assertTrue(length <= maxFrameBytes, "frame of " + length);
                            applier.apply(buffer, offset, length);
                        })) {
            for (int i = random.nextInt(2 * pages); i > 0; i--) {
                source.write(random, random.nextInt(pages), base);
            }
            int rounds = 1 + random.nextInt(4);
            for (int round = 1; round <= rounds; round++) {
                paused[0] = round == rounds;
                DirtyBitmap snapshot = new DirtyBitmap(pages);
                dirty.drainInto(snapshot);
                long scanned = snapshot.cardinality();
                encoder.pages(snapshot);
                int blocks = random.nextInt(DISK_BLOCKS);
                for (int i = 0; i < blocks; i++) {
                    int block = random.nextInt(DISK_BLOCKS);
                    sourceDisk.write(random, block, null);
                    encoder.block(1, block, sourceDisk.range.page(block));
                }
                byte[] state = new byte[round == rounds ? random.nextInt(500_000) : 0];
                random.nextBytes(state);
                encoder.state(state);
                assertFalse(applier.isComplete());
                RoundCounts counts = encoder.endRound(round, round == rounds);
                assertEquals(scanned, counts.scannedPages());
                assertEquals(
                        scanned,
                        counts.sentPages()
                                + counts.zeroPages()
                                + counts.basePages()
                                + counts.samePages()
                                + counts.unchangedPages());
                assertEquals(blocks, counts.diskBlocks());
                assertEquals(round, applier.rounds());
                if (round == rounds) {
                    assertArrayEquals(state, applier.state());
                }
            }
            assertTrue(applier.isComplete());
        }
        assertArrayEquals(source.all(), target.all());
        assertArrayEquals(sourceDisk.all(), targetDisk.all());
    }

    @Example
    void nothingIsSentForWhatTheTargetHolds() {
        TestPages base = base(new Random(1), 1_000);
        TestPages source = new TestPages(1_000);
        source.buffer.putBytes(0, base.all());
        RoundCounts clone = firstRound(source, base.range);
        assertEquals(1_000, clone.basePages() + clone.zeroPages());
        assertTrue(clone.wireBytes() < 4_096, "a clone sent " + clone.wireBytes());
        RoundCounts empty = firstRound(new TestPages(1_000), null);
        assertEquals(1_000, empty.zeroPages());
        assertTrue(empty.wireBytes() < 100, "an empty memory sent " + empty.wireBytes());
    }

    @Example
    void equalPagesAreSentOnce() {
        TestPages source = new TestPages(100);
        byte[] page = new byte[Pages.SIZE];
        new Random(1).nextBytes(page);
        for (int gfn = 0; gfn < 100; gfn++) {
            source.put(gfn, page);
        }
        RoundCounts counts = firstRound(source, null);
        assertEquals(1, counts.sentPages());
        assertEquals(99, counts.samePages());
        assertTrue(counts.wireBytes() < 3 * Pages.SIZE, "sent " + counts.wireBytes());
    }

    private static RoundCounts firstRound(TestPages source, PageRange base) {
        DirtyBitmap all = new DirtyBitmap(source.range.pages());
        all.setAll();
        try (PageEncoder encoder = new PageEncoder(
                source.range,
                base,
                Blake3::hashPages,
                PageCompression.LINES,
                PageEncoder.MAX_FRAME_BYTES,
                (buffer, offset, length) -> {})) {
            encoder.pages(all);
            return encoder.endRound(1, true);
        }
    }

    private static TestPages base(Random random, int pages) {
        TestPages base = new TestPages(pages);
        for (int gfn = 0; gfn < pages; gfn++) {
            base.write(random, gfn, null);
        }
        return base;
    }

    private static void write(Random random, TestPages source, TestPages base, DirtyBitmap dirty) {
        int gfn = random.nextInt(source.range.pages());
        source.write(random, gfn, base);
        dirty.set(gfn);
    }
}
