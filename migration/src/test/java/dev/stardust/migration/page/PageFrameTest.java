package dev.stardust.migration.page;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.agrona.concurrent.UnsafeBuffer;

final class PageFrameTest {
    private static final int PAGES = 64;
    private static final int BLOCKS = 16;
    private static final byte[] GUARD = guard();

    /** Reading a frame of this version must work for ever: change the version when this test has to change. */
    @Example
    void goldenFrames() {
        TestPages source = new TestPages(PAGES);
        source.buffer.putByte(3 * Pages.SIZE + 100, (byte) 0x7f);
        source.buffer.putByte(4 * Pages.SIZE + 100, (byte) 0x7f);
        List<byte[]> frames = frames(source, PageCompression.LINES, "state".getBytes(StandardCharsets.US_ASCII));
        String golden = "5344504601010200" + "0000000000000000" + "02000000" + "48000000" + "48000000" + "CRC1"
                + "01000000" + "03000000" + "01000000" + "00000000"
                + "04000000" + "04000000" + "01000000" + "03000000"
                + "0200000000000000"
                + "00".repeat(36) + "7f" + "00".repeat(27);
        assertEquals(golden, withoutChecksum(frames.get(0), "CRC1"));
        assertEquals(
                "5344504601030000" + "0100000000000000" + "00000000" + "0d000000" + "0d000000" + "CRC2" + "00000000"
                        + "05000000" + "7374617465",
                withoutChecksum(frames.get(1), "CRC2"));
        assertEquals(
                "5344504601020000" + "0200000000000000" + "00000000" + "38000000" + "38000000" + "CRC3" + "01000000"
                        + "01000000" + "0100000000000000" + "0000000000000000" + "0000000000000000"
                        + "0100000000000000" + "0000000000000000" + "0500000000000000",
                withoutChecksum(frames.get(2), "CRC3"));
        assertEquals(
                List.of("56771ad9", "f833bd14", "99b2a731"),
                frames.stream().map(PageFrameTest::checksum).toList());
    }

    @Property(tries = 500)
    void aChangedByteIsNoticedAndNothingIsApplied(@ForAll long seed, @ForAll PageCompression compression) {
        Random random = new Random(seed);
        TestPages source = new TestPages(PAGES);
        for (int gfn = 0; gfn < PAGES; gfn++) {
            source.write(random, gfn, null);
        }
        byte[] frame = frames(source, compression, new byte[0]).get(0);
        frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
        assertRefused(frame, frame.length);
    }

    @Property(tries = 200)
    void aCutFrameIsNoticed(@ForAll @IntRange(min = 0, max = 4_000) int length) {
        TestPages source = new TestPages(PAGES);
        source.write(new Random(2), 5, null);
        source.buffer.putByte(0, (byte) 1);
        byte[] frame = frames(source, PageCompression.NONE, new byte[0]).get(0);
        assertRefused(frame, Math.min(length, frame.length - 1));
    }

    @Property(tries = 2_000)
    void hostileEntriesNeverReachOutside(
            @ForAll("hostile") List<Hostile> entries,
            @ForAll @IntRange(min = 0, max = 5) int pieces,
            @ForAll @IntRange(min = 0, max = 3) int flags,
            @ForAll @IntRange(min = -1, max = 1) int extra,
            @ForAll long seed) {
        PageFrameFlyweight frame = new PageFrameFlyweight(PageFrameFlyweight.MAX_LENGTH);
        for (int i = 0; i < entries.size(); i++) {
            Hostile e = entries.get(i);
            frame.putEntry(i, e.kind(), e.disk(), e.first(), e.run(), e.source());
        }
        int data = Math.max(0, pieces * Pages.SIZE + extra);
        byte[] noise = new byte[data];
        new Random(seed).nextBytes(noise);
        frame.buffer().putBytes(frame.dataOffset(entries.size()), noise);
        int length = frame.seal(PageFrameFlyweight.TYPE_PAGES, flags, 0, entries.size(), data, data);
        // One page of guard on both sides, and a memory between them.
        TestPages arena = new TestPages(PAGES + 2);
        arena.buffer.setMemory(0, Pages.SIZE, (byte) 0x5a);
        arena.buffer.setMemory((PAGES + 1) * Pages.SIZE, Pages.SIZE, (byte) 0x5a);
        byte[] before = arena.all();
        PageRange memory = new PageRange(arena.range.page(1), PAGES);
        boolean[] wroteDisk = new boolean[1];
        try (PageApplier applier = new PageApplier(memory, null, new long[] {BLOCKS}, (disk, block, address) -> {
            assertTrue(disk == 0 && block >= 0 && block < BLOCKS);
            wroteDisk[0] = true;
        })) {
            applier.apply(frame.buffer(), 0, length);
            assertArrayEquals(GUARD, arena.page(0));
            assertArrayEquals(GUARD, arena.page(PAGES + 1));
        } catch (PageFrameException refused) {
            assertArrayEquals(before, arena.all());
            assertTrue(!wroteDisk[0], "a refused frame wrote to a disk");
        }
    }

    @Property(tries = 1_000)
    void noiseBehindAGoodHeaderIsRefusedOrHarmless(
            @ForAll @IntRange(min = 0, max = 255) int type, @ForAll @Size(max = 100) byte[] body) {
        PageFrameFlyweight frame = new PageFrameFlyweight(PageFrameFlyweight.MAX_LENGTH);
        frame.buffer().putBytes(PageFrameFlyweight.HEADER_LENGTH, body);
        int length = frame.seal(type, 0, 0, 0, body.length, body.length);
        try (PageApplier applier = applier(new TestPages(PAGES))) {
            if (type == PageFrameFlyweight.TYPE_PAGES && body.length == 0) {
                applier.apply(frame.buffer(), 0, length);
            } else if (type != PageFrameFlyweight.TYPE_STATE) {
                assertThrows(PageFrameException.class, () -> applier.apply(frame.buffer(), 0, length));
            }
        }
    }

    @Example
    void framesOutOfOrderOrAfterTheEndAreRefused() {
        TestPages source = new TestPages(PAGES);
        source.buffer.putByte(0, (byte) 1);
        List<byte[]> frames = frames(source, PageCompression.NONE, new byte[10]);
        assertRefused(frames.get(1), frames.get(1).length);
        try (PageApplier applier = applier(new TestPages(PAGES))) {
            frames.forEach(f -> applier.apply(new UnsafeBuffer(f), 0, f.length));
            byte[] again = frames.get(0);
            assertThrows(PageFrameException.class, () -> applier.apply(new UnsafeBuffer(again), 0, again.length));
        }
    }

    @Example
    void aRoundThatDoesNotAddUpIsRefused() {
        TestPages source = new TestPages(PAGES);
        source.buffer.putByte(0, (byte) 1);
        List<byte[]> frames = frames(source, PageCompression.NONE, new byte[0]);
        PageFrameFlyweight end = new PageFrameFlyweight(PageFrameFlyweight.MAX_LENGTH);
        end.buffer().putBytes(0, frames.get(1));
        int length = end.seal(PageFrameFlyweight.TYPE_ROUND_END, 0, 0, 0, 56, 56);
        String message = assertThrows(PageFrameException.class, () -> applier(new TestPages(PAGES))
                        .apply(end.buffer(), 0, length))
                .getMessage();
        assertTrue(message.contains("does not add up"), message);
    }

    /** An entry as an enemy would write it: mostly near the limits. */
    record Hostile(int kind, int disk, int first, int run, int source) {}

    @Provide
    Arbitrary<List<Hostile>> hostile() {
        Arbitrary<Integer> numbers = Arbitraries.oneOf(
                Arbitraries.integers().between(0, 5),
                Arbitraries.integers().between(BLOCKS - 2, BLOCKS + 2),
                Arbitraries.integers().between(PAGES - 2, PAGES + 2),
                Arbitraries.of(-1, -2, Integer.MAX_VALUE, Integer.MIN_VALUE, -PAGES));
        Arbitrary<Integer> runs =
                Arbitraries.oneOf(Arbitraries.of(1, 1, 1, 2), Arbitraries.of(0, PAGES, -1, Integer.MAX_VALUE));
        return Combinators.combine(
                        Arbitraries.integers().between(0, 6),
                        Arbitraries.of(0, 0, 0, 1, 255),
                        numbers,
                        runs,
                        Arbitraries.oneOf(Arbitraries.just(0), numbers))
                .as(Hostile::new)
                .list()
                .ofMaxSize(6);
    }

    private static byte[] guard() {
        byte[] guard = new byte[Pages.SIZE];
        Arrays.fill(guard, (byte) 0x5a);
        return guard;
    }

    private static void assertRefused(byte[] frame, int length) {
        TestPages memory = new TestPages(PAGES);
        try (PageApplier applier = applier(memory)) {
            assertThrows(PageFrameException.class, () -> applier.apply(new UnsafeBuffer(frame), 0, length));
            assertThrows(PageFrameException.class, () -> applier.apply(new UnsafeBuffer(frame), 0, frame.length));
        }
        assertArrayEquals(new byte[PAGES * Pages.SIZE], memory.all());
    }

    private static PageApplier applier(TestPages memory) {
        return new PageApplier(memory.range, null, new long[] {BLOCKS}, (disk, block, address) -> {});
    }

    private static List<byte[]> frames(TestPages source, PageCompression compression, byte[] state) {
        List<byte[]> frames = new ArrayList<>();
        DirtyBitmap all = new DirtyBitmap(PAGES);
        all.setAll();
        try (PageEncoder encoder = new PageEncoder(
                source.range,
                null,
                TestPages::hash,
                compression,
                PageEncoder.MAX_FRAME_BYTES,
                (buffer, offset, length) -> {
                    byte[] frame = new byte[length];
                    buffer.getBytes(offset, frame);
                    frames.add(frame);
                })) {
            encoder.pages(all);
            encoder.state(state);
            encoder.endRound(1, true);
        }
        return frames;
    }

    private static String withoutChecksum(byte[] frame, String instead) {
        String hex = HexFormat.of().formatHex(frame);
        return hex.substring(0, 56) + instead + hex.substring(64);
    }

    private static String checksum(byte[] frame) {
        return HexFormat.of().formatHex(frame, 28, 32);
    }
}
