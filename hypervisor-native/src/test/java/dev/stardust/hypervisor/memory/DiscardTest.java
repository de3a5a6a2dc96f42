package dev.stardust.hypervisor.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiscardTest {
    private static final int PAGE = 4096;
    private static final int PAGES = 4096;
    private static final long SIZE = (long) PAGES * PAGE;
    private static final byte BASE_CONTENT = 0x5b;
    private static final byte WRITTEN = 0x77;

    @TempDir
    Path dir;

    private Path base;

    @BeforeEach
    void writeBase() throws IOException {
        byte[] content = new byte[(int) SIZE];
        Arrays.fill(content, BASE_CONTENT);
        base = Files.write(dir.resolve("base.mem"), content);
    }

    private GuestMemory open(boolean fromBase) throws IOException {
        return fromBase ? GuestMemory.fromBase(base, SIZE) : GuestMemory.create(SIZE);
    }

    private static void fill(GuestMemory memory, long firstPage, int pages, byte value) {
        byte[] content = new byte[pages * PAGE];
        Arrays.fill(content, value);
        memory.write(firstPage * PAGE, content);
    }

    private static byte[] content(GuestMemory memory) {
        byte[] content = new byte[(int) SIZE];
        memory.read(0, content);
        return content;
    }

    private static DirtyBitmap touched(GuestMemory memory) {
        DirtyBitmap touched = new DirtyBitmap(PAGES);
        memory.addTouched(touched);
        return touched;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void discardedPagesReadAsZerosAndTheirMemoryIsGivenBack(boolean fromBase) throws IOException {
        try (GuestMemory memory = open(fromBase)) {
            fill(memory, 0, PAGES, WRITTEN);
            long before = MemoryUse.of(memory).residentBytes();
            assertEquals(SIZE, before);
            memory.deviceDirty().clear();
            assertEquals(SIZE / 2, memory.discard(SIZE / 4, SIZE / 2));
            assertEquals(SIZE / 2, MemoryUse.of(memory).residentBytes());
            assertEquals(PAGES / 2, memory.deviceDirty().cardinality());
            assertEquals(PAGES / 4, memory.deviceDirty().nextSet(0));
            byte[] expected = new byte[(int) SIZE];
            Arrays.fill(expected, WRITTEN);
            Arrays.fill(expected, (int) SIZE / 4, (int) SIZE / 4 * 3, (byte) 0);
            assertArrayEquals(expected, content(memory));
        }
        byte[] untouched = new byte[(int) SIZE];
        Arrays.fill(untouched, BASE_CONTENT);
        assertArrayEquals(untouched, Files.readAllBytes(base));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void discardedPagesCanBeWrittenAndDiscardedAgain(boolean fromBase) throws IOException {
        try (GuestMemory memory = open(fromBase)) {
            for (int turn = 0; turn < 3; turn++) {
                fill(memory, 100, 100, WRITTEN);
                assertEquals(WRITTEN, memory.getU8(150 * PAGE));
                assertEquals(100 * PAGE, memory.discard(100 * PAGE, 100 * PAGE));
                assertEquals(0, memory.getU8(150 * PAGE));
            }
            assertTrue(MemoryUse.of(memory).mappings() <= 3);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void onlyWholePagesAreDiscarded(boolean fromBase) throws IOException {
        try (GuestMemory memory = open(fromBase)) {
            fill(memory, 0, 64, WRITTEN);
            assertEquals(30 * PAGE, memory.discard(PAGE + 1, 32 * PAGE - 2));
            assertEquals(WRITTEN, memory.getU8(2 * PAGE - 1));
            assertEquals(0, memory.getU8(2 * PAGE));
            assertEquals(0, memory.getU8(32 * PAGE - 1));
            assertEquals(WRITTEN, memory.getU8(32 * PAGE));
            assertEquals(0, memory.discard(40 * PAGE + 1, 2 * PAGE - 2));
            assertEquals(0, memory.discard(SIZE - 1, 1));
            assertEquals(0, memory.discard(SIZE, 0));
        }
    }

    @Test
    void rangesOutsideOfRamFault() throws IOException {
        try (GuestMemory memory = open(true)) {
            assertThrows(GuestFaultException.class, () -> memory.discard(0, SIZE + 1));
            assertThrows(GuestFaultException.class, () -> memory.discard(-PAGE, 2 * PAGE));
            assertThrows(GuestFaultException.class, () -> memory.discard(PAGE, Long.MAX_VALUE));
            assertThrows(GuestFaultException.class, () -> memory.discard(Long.MAX_VALUE, 1));
            assertEquals(0, memory.deviceDirty().cardinality());
        }
    }

    @Test
    void discardedPagesOfABaseDifferFromItThoughNobodyTouchedThem() throws IOException {
        try (GuestMemory memory = open(true)) {
            assertEquals(200 * PAGE, memory.discard(300 * PAGE, 200 * PAGE));
            DirtyBitmap touched = touched(memory);
            assertEquals(200, touched.cardinality());
            assertEquals(300, touched.nextSet(0));
        }
    }

    @Test
    void discardedPagesOfAFileAreAsItStarted() throws IOException {
        try (GuestMemory memory = open(false)) {
            fill(memory, 0, 100, WRITTEN);
            memory.discard(0, 100 * PAGE);
            assertEquals(0, touched(memory).cardinality());
        }
    }

    @Test
    void discardedPagesOfACopyDifferFromWhatItStartedAs() throws IOException {
        try (GuestMemory memory = GuestMemory.copyOf(base, SIZE)) {
            memory.discard(300 * PAGE, 200 * PAGE);
            assertEquals(0, memory.getU8(400 * PAGE));
            DirtyBitmap touched = touched(memory);
            assertTrue(touched.get(300) && touched.get(499));
        }
    }

    @Test
    void smallRangeOfABaseIsNotWorthAMappingUnlessItAdjoinsAnother() throws IOException {
        try (GuestMemory memory = open(true)) {
            fill(memory, 0, 200, WRITTEN);
            memory.deviceDirty().clear();
            assertEquals(0, memory.discard(50 * PAGE, (BaseBacking.MIN_PAGES_APART - 1) * PAGE));
            assertEquals(WRITTEN, memory.getU8(50 * PAGE), "as it was, never as in the base");
            assertEquals(0, memory.deviceDirty().cardinality());
            assertEquals(1, MemoryUse.of(memory).mappings());
            assertEquals(16 * PAGE, memory.discard(100 * PAGE, 16 * PAGE));
            assertEquals(PAGE, memory.discard(116 * PAGE, PAGE));
            assertEquals(PAGE, memory.discard(99 * PAGE, PAGE));
            assertEquals(0, memory.discard(118 * PAGE, PAGE));
            assertEquals(3, MemoryUse.of(memory).mappings());
        }
    }

    /** A guest may choose what costs the host most. */
    @Test
    void mappingsOfABaseStayBounded() throws IOException {
        try (GuestMemory memory = open(true)) {
            Random random = new Random(7);
            for (int i = 0; i < 20_000; i++) {
                int page = random.nextInt(PAGES);
                int pages = Math.min(1 + random.nextInt(20), PAGES - page);
                memory.discard((long) page * PAGE, (long) pages * PAGE);
                memory.putU8((long) random.nextInt(PAGES) * PAGE, WRITTEN);
            }
            int mappings = MemoryUse.of(memory).mappings();
            assertTrue(mappings <= 2 * BaseBacking.MAX_PLACES + 1, mappings + " mappings");
        }
    }

    @Test
    void placesApartAreNotMadeWithoutEnd() throws IOException {
        int places = BaseBacking.MAX_PLACES + 40;
        long stride = (BaseBacking.MIN_PAGES_APART + 1) * PAGE;
        Path big = dir.resolve("big.mem");
        try (RandomAccessFile file = new RandomAccessFile(big.toFile(), "rw")) {
            file.setLength(places * stride);
        }
        try (GuestMemory memory = GuestMemory.fromBase(big, places * stride)) {
            int given = 0;
            for (int i = 0; i < places; i++) {
                given += memory.discard(i * stride, stride - PAGE) > 0 ? 1 : 0;
            }
            assertEquals(BaseBacking.MAX_PLACES, given);
            // Two for each, since the first is at the start of RAM.
            assertEquals(2 * BaseBacking.MAX_PLACES, MemoryUse.of(memory).mappings());
        }
    }

    /** What a migration does: pages touched so far, then in rounds those written since, the last with all at rest. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copyMadeInRoundsIsWhatTheGuestSees(boolean fromBase) throws Exception {
        try (GuestMemory source = open(fromBase);
                GuestMemory target = open(fromBase)) {
            use(source, new Random(1), 200);
            AtomicBoolean stop = new AtomicBoolean();
            Thread guest = new Thread(() -> {
                Random random = new Random(2);
                while (!stop.get()) {
                    use(source, random, 1);
                }
            });
            source.deviceDirty().clear();
            guest.start();
            DirtyBitmap pending = touched(source);
            for (int round = 0; round < 20; round++) {
                copy(source, target, pending);
                source.deviceDirty().drainInto(pending);
            }
            stop.set(true);
            guest.join();
            source.deviceDirty().drainInto(pending);
            copy(source, target, pending);
            assertArrayEquals(content(source), content(target));
            assertTrue(touched(source).cardinality() > 100, "something was tried");
        }
    }

    /** Writes and discards, of any size. */
    private static void use(GuestMemory memory, Random random, int times) {
        for (int i = 0; i < times; i++) {
            int page = random.nextInt(PAGES);
            int pages = Math.min(1 + random.nextInt(40), PAGES - page);
            if (random.nextBoolean()) {
                memory.discard((long) page * PAGE, (long) pages * PAGE);
            } else {
                fill(memory, page, Math.min(pages, 4), (byte) random.nextInt(256));
            }
        }
    }

    private static void copy(GuestMemory from, GuestMemory to, DirtyBitmap pages) {
        pages.forEachRun((first, count) -> {
            int length = (int) count * PAGE;
            UnsafeBuffer bytes = new UnsafeBuffer(from.checkedAddress(first * PAGE, length), length);
            to.write(first * PAGE, bytes, 0, length);
        });
        pages.clear();
    }
}
