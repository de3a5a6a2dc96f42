package dev.stardust.chunk.chunk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class FastCdcTest {
    private static byte[] random(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static List<Integer> cuts(FastCdc cdc, byte[] data) {
        NativeBuffer memory = new NativeBuffer(data.length + 1);
        NativeBuffer.copy(data, 0, memory.address(), data.length);
        List<Integer> lengths = new ArrayList<>();
        for (int at = 0; at < data.length; ) {
            int n = cdc.cut(memory.address() + at, data.length - at);
            lengths.add(n);
            at += n;
        }
        return lengths;
    }

    /** Pins the gear table, the masks and the sizes: data stored by older releases must go on deduplicating. */
    @Test
    void theCutsOfKnownDataNeverChange() {
        assertEquals(GOLDEN, cuts(FastCdc.DISK, random(42, 512 << 10)).toString());
        assertEquals(
                GOLDEN_SMALL, cuts(new FastCdc(64, 256, 1024), random(7, 4096)).toString());
    }

    private static final String GOLDEN =
            "[36315, 34366, 11265, 33218, 41040, 32801, 32678, 18837, 35479, 38576, 37903, 32785, 53959, 36572,"
                    + " 11075, 37419]";
    private static final String GOLDEN_SMALL = "[281, 313, 598, 167, 321, 258, 293, 268, 263, 279, 394, 269, 328, 64]";

    @Property(tries = 50)
    void cutsDoNotDependOnHowTheDataIsBuffered(
            @ForAll long seed, @ForAll @IntRange(max = 300_000) int length, @ForAll @IntRange(max = 50_000) int extra) {
        byte[] data = random(seed, length);
        FastCdc cdc = FastCdc.DISK;
        NativeBuffer memory = new NativeBuffer(length + 1);
        NativeBuffer.copy(data, 0, memory.address(), length);
        List<Integer> windowed = new ArrayList<>();
        for (int at = 0; at < length; ) {
            // Just what the contract asks for: the longest chunk and some, or the rest.
            int n = cdc.cut(memory.address() + at, Math.min(length - at, cdc.maxBytes() + extra));
            windowed.add(n);
            at += n;
        }
        assertEquals(cuts(cdc, data), windowed);
        assertEquals(length, windowed.stream().mapToInt(i -> i).sum());
        for (int i = 0; i < windowed.size(); i++) {
            assertTrue(windowed.get(i) <= 64 << 10);
            assertTrue(i == windowed.size() - 1 || windowed.get(i) > 8 << 10);
        }
    }

    /** FastCDC as its paper has it: byte by byte, with masks. */
    private static List<Integer> plainCuts(int min, int average, int max, byte[] data) {
        int bits = Integer.numberOfTrailingZeros(average);
        List<Integer> lengths = new ArrayList<>();
        for (int start = 0; start < data.length; start += lengths.get(lengths.size() - 1)) {
            int end = Math.min(data.length - start, max);
            int n = Math.min(min, end);
            long hash = 0;
            while (n < end) {
                long mask = -1L << (64 - bits + (n < average ? -2 : 2));
                hash = (hash << 1) + gear(data[start + n++] & 0xff);
                if ((hash & mask) == 0) {
                    break;
                }
            }
            lengths.add(n);
        }
        return lengths;
    }

    /** The output of SplitMix64 of that number. */
    private static long gear(int number) {
        long z = 0x5374617264757374L + (number + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    @Property(tries = 100)
    void cutsAreThoseOfThePaper(
            @ForAll long seed,
            @ForAll @IntRange(max = 200_000) int length,
            @ForAll @IntRange(min = 6, max = 15) int averageBits,
            @ForAll @IntRange(min = 1, max = 1 << 15) int min) {
        byte[] data = random(seed, length);
        int average = 1 << averageBits;
        int least = Math.min(min, average);
        assertEquals(plainCuts(least, average, 64 << 10, data), cuts(new FastCdc(least, average, 64 << 10), data));
        assertEquals(plainCuts(8 << 10, 32 << 10, 64 << 10, data), cuts(FastCdc.DISK, data));
    }

    @Test
    void anInsertionChangesOnlyChunksNearIt() {
        byte[] before = random(3, 4 << 20);
        byte[] after = new byte[before.length + 3];
        System.arraycopy(before, 0, after, 0, 1 << 20);
        System.arraycopy(before, 1 << 20, after, (1 << 20) + 3, 3 << 20);
        Set<ChunkId> known = ids(before);
        Set<ChunkId> now = ids(after);
        int total = now.size();
        now.removeAll(known);
        assertTrue(now.size() <= 4, now.size() + " of " + total + " chunks are new");
    }

    private static Set<ChunkId> ids(byte[] data) {
        Set<ChunkId> ids = new HashSet<>();
        int at = 0;
        for (int n : cuts(FastCdc.DISK, data)) {
            ids.add(Blake3.hash(data, at, n));
            at += n;
        }
        return ids;
    }

    @Test
    void theAverageIsNearWhatWasAskedFor() {
        int chunks = cuts(FastCdc.DISK, random(5, 16 << 20)).size();
        int average = (16 << 20) / chunks;
        assertTrue(average > 24 << 10 && average < 42 << 10, "average " + average);
    }

    @Test
    void impossibleSizesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new FastCdc(0, 256, 1024));
        assertThrows(IllegalArgumentException.class, () -> new FastCdc(64, 300, 1024));
        assertThrows(IllegalArgumentException.class, () -> new FastCdc(512, 256, 1024));
        assertThrows(IllegalArgumentException.class, () -> new FastCdc(64, 256, 65537));
    }
}
