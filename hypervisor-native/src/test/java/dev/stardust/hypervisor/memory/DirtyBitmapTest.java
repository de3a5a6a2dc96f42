package dev.stardust.hypervisor.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.MappedMemory;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

class DirtyBitmapTest {
    @Property(tries = 500)
    void agreesWithBitSet(
            @ForAll @IntRange(min = 1, max = 300) int pages,
            @ForAll @Size(max = 20) List<@IntRange(max = 1 << 20) Integer> ranges) {
        DirtyBitmap bitmap = new DirtyBitmap(pages);
        BitSet model = new BitSet();
        for (int range : ranges) {
            int first = range % pages;
            int count = (range >> 9) % (pages - first + 1);
            bitmap.setRange(first, count);
            model.set(first, first + count);
        }
        BitSet runs = new BitSet();
        bitmap.forEachRun((first, count) -> {
            assertEquals(model.nextSetBit(runs.length()), first);
            assertEquals(model.nextClearBit((int) first), first + count);
            runs.set((int) first, (int) (first + count));
        });
        assertEquals(model, runs);
        assertEquals(model.cardinality(), bitmap.cardinality());
        for (int page = 0; page < pages; page++) {
            assertEquals(model.get(page), bitmap.get(page));
        }
    }

    @Test
    void drainLosesNoBitThatIsSetMeanwhile() throws Exception {
        DirtyBitmap bitmap = new DirtyBitmap(4096);
        DirtyBitmap drained = new DirtyBitmap(4096);
        Thread setter = new Thread(() -> {
            for (int page = 0; page < 4096; page++) {
                bitmap.set(page);
            }
        });
        setter.start();
        while (setter.isAlive()) {
            bitmap.drainInto(drained);
        }
        setter.join();
        bitmap.drainInto(drained);
        assertEquals(4096, drained.cardinality());
        assertEquals(0, bitmap.cardinality());
    }

    @Test
    void kernelLayoutIsTakenAndBitsPastTheEndAreNot() {
        DirtyBitmap bitmap = new DirtyBitmap(70);
        assertEquals(16, bitmap.sizeBytes());
        try (MappedMemory log = MappedMemory.anonymous(4096)) {
            UnsafeApi.putByte(log.address(), (byte) 0b10);
            UnsafeApi.putLong(log.address() + 8, -1L);
            bitmap.orFrom(log.address());
        }
        assertTrue(bitmap.get(1));
        assertTrue(bitmap.get(69));
        assertEquals(7, bitmap.cardinality());
        assertEquals(70, bitmap.nextClear(64));
    }

    @Test
    void orIntoKeepsBoth() {
        DirtyBitmap a = new DirtyBitmap(130);
        DirtyBitmap b = new DirtyBitmap(130);
        a.set(1);
        b.set(129);
        a.orInto(b);
        assertTrue(b.get(1) && b.get(129) && a.get(1));
        assertFalse(a.get(129));
        a.setAll();
        a.clear(5);
        assertEquals(129, a.cardinality());
        a.clear();
        assertEquals(-1, a.nextSet(0));
    }

    @Test
    void pagesOutsideAreRefused() {
        DirtyBitmap bitmap = new DirtyBitmap(64);
        long[] bad = {-1, 64, Long.MAX_VALUE, new Random(1).nextLong() | Long.MIN_VALUE};
        for (long page : bad) {
            assertThrows(IndexOutOfBoundsException.class, () -> bitmap.set(page));
            assertThrows(IndexOutOfBoundsException.class, () -> bitmap.setRange(page, 1));
        }
        assertThrows(IndexOutOfBoundsException.class, () -> bitmap.setRange(63, Long.MAX_VALUE));
        assertThrows(IllegalArgumentException.class, () -> bitmap.orInto(new DirtyBitmap(65)));
    }
}
