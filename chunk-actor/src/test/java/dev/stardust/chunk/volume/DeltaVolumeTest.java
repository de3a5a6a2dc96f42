package dev.stardust.chunk.volume;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.NativeFile;
import dev.stardust.chunk.store.UnsupportedVersionException;
import dev.stardust.chunk.testing.Child;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeltaVolumeTest {
    @TempDir
    Path dir;

    private static DeltaVolume open(Path file, byte[] base) throws IOException {
        return DeltaVolume.open(file, Disks.ofBytes(base), Disks.BASE_ID);
    }

    @Property(tries = 30)
    void itBehavesAsAnArrayOfBytesWhateverIsDone(@ForAll long seed, @ForAll @IntRange(min = 1, max = 700) int sectors)
            throws IOException {
        Path folder = Files.createTempDirectory("delta");
        Path file = folder.resolve("disk-0.delta");
        byte[] base = Disks.random(seed, sectors * 512);
        byte[] model = base.clone();
        Random random = new Random(seed);
        DeltaVolume volume = open(file, base);
        try {
            for (int step = 0; step < 60; step++) {
                int offset = random.nextInt(model.length);
                int length = random.nextInt(Math.min(20_000, model.length - offset) + 1);
                switch (random.nextInt(8)) {
                    case 0 -> volume.flush();
                    case 1 -> {
                        volume.close();
                        volume = open(file, base);
                    }
                    case 2, 3 ->
                        assertArrayEquals(
                                Arrays.copyOfRange(model, offset, offset + length), Disks.read(volume, offset, length));
                    case 4 -> {
                        volume.zero(offset, length);
                        Arrays.fill(model, offset, offset + length, (byte) 0);
                    }
                    default -> {
                        byte[] data = Disks.random(random.nextLong(), length);
                        Disks.write(volume, offset, data);
                        System.arraycopy(data, 0, model, offset, length);
                    }
                }
            }
            assertArrayEquals(model, Disks.readAll(volume));
        } finally {
            volume.close();
            Files.delete(file);
            Files.delete(folder);
        }
    }

    @Test
    void rangesOutsideOfTheDiskAreRefused() throws IOException {
        try (DeltaVolume v = open(dir.resolve("d"), new byte[10_240])) {
            assertThrows(IndexOutOfBoundsException.class, () -> Disks.write(v, 10_000, new byte[241]));
            assertThrows(IndexOutOfBoundsException.class, () -> Disks.read(v, -512, 512));
            assertThrows(IndexOutOfBoundsException.class, () -> v.zero(10_000, 241));
            assertThrows(IndexOutOfBoundsException.class, () -> v.zero(-1, 1));
            assertThrows(IndexOutOfBoundsException.class, () -> v.zero(1, Long.MAX_VALUE));
            assertThrows(IndexOutOfBoundsException.class, () -> v.readBlock(3, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> v.writeBlock(-1, 0));
        }
    }

    @Test
    void writtenBlocksAreTrackedOnceEachUntilDrained() throws IOException {
        try (DeltaVolume v = open(dir.resolve("d"), new byte[1 << 20])) {
            Disks.write(v, 4096, new byte[4096]);
            v.startTracking();
            Disks.write(v, 8192 - 1, new byte[2]);
            Disks.write(v, 40_960, new byte[512]);
            Disks.write(v, 40_960, new byte[512]);
            List<Long> blocks = new ArrayList<>();
            assertEquals(3, v.drainDirty(blocks::add));
            assertEquals(List.of(1L, 2L, 10L), blocks);
            assertEquals(0, v.drainDirty(b -> {}));
            blocks.clear();
            v.forEachPresent(blocks::add);
            assertEquals(List.of(1L, 2L, 10L), blocks);
            assertEquals(3, v.presentBlocks());
            v.stopTracking();
            assertThrows(IllegalStateException.class, () -> v.drainDirty(b -> {}));
        }
    }

    /** Bytes of a file that are not in holes. */
    private static long dataBytes(Path file) throws IOException {
        long bytes = 0;
        try (NativeFile f = NativeFile.openRead(file)) {
            for (long at = f.nextData(0); at < f.size(); ) {
                long end = f.nextHole(at);
                bytes += end - at;
                at = f.nextData(end);
            }
        }
        return bytes;
    }

    @Test
    void whatIsZeroedGivesItsSpaceBackAndHidesTheBase() throws IOException {
        Path file = dir.resolve("d");
        byte[] base = Disks.random(1, 1 << 20);
        byte[] model = Disks.random(2, 1 << 20);
        try (DeltaVolume v = open(file, base)) {
            Disks.write(v, 0, model);
            v.flush();
            long before = dataBytes(file);
            v.zero(5000, 900_000);
            v.flush();
            Arrays.fill(model, 5000, 905_000, (byte) 0);
            assertArrayEquals(model, Disks.readAll(v));
            long givenBack = before - dataBytes(file);
            assertTrue(givenBack >= 218 * 4096, givenBack + " bytes of the whole blocks 2 to 219");
        }
        try (DeltaVolume v = open(file, base)) {
            assertArrayEquals(model, Disks.readAll(v));
        }
    }

    @Test
    void zerosWhereNothingWasWrittenAreNotStored() throws IOException {
        Path file = dir.resolve("d");
        byte[] base = Disks.random(1, (1 << 20) + 512);
        NativeBuffer block = new NativeBuffer(4096);
        long before;
        try (DeltaVolume v = open(file, base)) {
            before = dataBytes(file);
            v.zero(0, 512 << 10);
            v.zero(1 << 20, 512);
            v.zero(7, 0);
            for (int b = 128; b < 256; b++) {
                v.writeBlock(b, block.address());
            }
            assertEquals(257, v.presentBlocks());
        }
        assertEquals(before, dataBytes(file));
        try (DeltaVolume v = open(file, base)) {
            assertArrayEquals(new byte[base.length], Disks.readAll(v));
        }
    }

    @Test
    void zeroedBlocksAreTracked() throws IOException {
        try (DeltaVolume v = open(dir.resolve("d"), new byte[1 << 20])) {
            v.startTracking();
            v.zero(4095, 4098);
            List<Long> blocks = new ArrayList<>();
            assertEquals(3, v.drainDirty(blocks::add));
            assertEquals(List.of(0L, 1L, 2L), blocks);
        }
    }

    @Test
    void zeroingIsLostInACrashUnlessItWasFlushed() throws IOException {
        Path file = dir.resolve("d");
        Path copy = dir.resolve("copy");
        byte[] base = Disks.random(1, 1 << 20);
        try (DeltaVolume v = open(file, base)) {
            v.zero(0, 4096);
            v.flush();
            v.zero(8192, 4096);
            Files.copy(file, copy);
        }
        try (DeltaVolume v = open(copy, base)) {
            assertArrayEquals(new byte[4096], Disks.read(v, 0, 4096));
            assertArrayEquals(Arrays.copyOfRange(base, 8192, 12_288), Disks.read(v, 8192, 4096));
        }
    }

    @Test
    void aDiskMovesBlockByBlockAlsoWhenItsLastBlockIsShort() throws IOException {
        byte[] base = Disks.random(1, 4096 * 5 + 512);
        NativeBuffer block = new NativeBuffer(4096);
        try (DeltaVolume from = open(dir.resolve("from"), base);
                DeltaVolume to = open(dir.resolve("to"), base)) {
            Disks.write(from, 5000, Disks.random(2, 3000));
            Disks.write(from, base.length - 100, Disks.random(3, 100));
            List<Long> present = new ArrayList<>();
            from.forEachPresent(present::add);
            for (long b : present) {
                from.readBlock(b, block.address());
                to.writeBlock(b, block.address());
            }
            assertArrayEquals(Disks.readAll(from), Disks.readAll(to));
        }
    }

    @Test
    void aSecondOwnerIsRefused() throws IOException {
        Path file = dir.resolve("d");
        try (DeltaVolume v = open(file, new byte[4096])) {
            IOException e = assertThrows(IOException.class, () -> open(file, new byte[4096]));
            assertTrue(e.getMessage().contains("in use"), e.getMessage());
            assertEquals(0, v.presentBlocks());
        }
    }

    @Test
    void anotherBaseOrSizeIsRefused() throws IOException {
        Path file = dir.resolve("d");
        open(file, new byte[4096]).close();
        assertThrows(CorruptChunkException.class, () -> open(file, new byte[8192]));
        assertThrows(
                CorruptChunkException.class,
                () -> DeltaVolume.open(file, Disks.ofBytes(new byte[4096]), new ChunkId(9, 9, 9, 9)));
    }

    private static byte[] pageAt(Path file, long position) throws IOException {
        ByteBuffer page = ByteBuffer.allocate(4096);
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.READ)) {
            c.read(page, position);
        }
        return page.array();
    }

    private static void putPage(Path file, long position, byte[] page) throws IOException {
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.WRITE)) {
            c.write(ByteBuffer.wrap(page), position);
        }
    }

    private static byte[] flipped(byte[] page, int bit) {
        byte[] bad = page.clone();
        bad[bit / 8] ^= (byte) (1 << bit % 8);
        return bad;
    }

    @Test
    void aFlippedBitInTheHeaderIsDetectedAndInOneMapCopyMended() throws IOException {
        Path file = dir.resolve("d");
        byte[] base = Disks.random(1, 1 << 20);
        byte[] data = Disks.random(2, 100_000);
        try (DeltaVolume v = open(file, base)) {
            Disks.write(v, 12_345, data);
        }
        byte[] header = pageAt(file, 0);
        byte[] map = pageAt(file, 4096);
        assertArrayEquals(map, pageAt(file, 8192));
        Random random = new Random(4);
        for (int i = 0; i < 200; i++) {
            int bit = i < 64 ? i * 8 : random.nextInt(4096 * 8);
            putPage(file, 0, flipped(header, bit));
            assertThrows(CorruptChunkException.class, () -> open(file, base), "bit " + bit);
            putPage(file, 0, header);

            putPage(file, 4096L * (1 + i % 2), flipped(map, bit));
            try (DeltaVolume v = open(file, base)) {
                assertArrayEquals(data, Disks.read(v, 12_345, data.length), "bit " + bit);
            }
            assertArrayEquals(map, pageAt(file, 4096));
            assertArrayEquals(map, pageAt(file, 8192));
        }
        putPage(file, 4096, flipped(map, 77));
        putPage(file, 8192, flipped(map, 99));
        assertThrows(CorruptChunkException.class, () -> open(file, base));
    }

    @Test
    void aFileCutShortIsDetected() throws IOException {
        Path file = dir.resolve("d");
        open(file, new byte[1 << 20]).close();
        try (FileChannel c = FileChannel.open(file, StandardOpenOption.WRITE)) {
            c.truncate(c.size() - 1);
        }
        assertThrows(CorruptChunkException.class, () -> open(file, new byte[1 << 20]));
        Files.write(file, new byte[100]);
        assertThrows(CorruptChunkException.class, () -> open(file, new byte[1 << 20]));
    }

    @Test
    void aNewerVersionIsRefused() throws IOException {
        Path file = dir.resolve("d");
        open(file, new byte[4096]).close();
        ByteBuffer page = ByteBuffer.wrap(pageAt(file, 0)).order(ByteOrder.LITTLE_ENDIAN);
        page.putInt(8, 2);
        CRC32C crc = new CRC32C();
        crc.update(page.array(), 0, 4092);
        page.putInt(4092, (int) crc.getValue());
        putPage(file, 0, page.array());
        assertThrows(UnsupportedVersionException.class, () -> open(file, new byte[4096]));
    }

    /** Header and map of a disk of 40 KiB with blocks 1, 2 and 9, as release 0.1.0 wrote them; all else is zero. */
    @Test
    void aDeltaOfTheFirstReleaseIsRead() throws IOException {
        Path file = dir.resolve("d");
        ByteBuffer golden = ByteBuffer.allocate(3 * 4096 + 40_960).order(ByteOrder.LITTLE_ENDIAN);
        golden.put(0, "SDDELTAV".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        golden.putInt(8, 1).putInt(12, 4096).putLong(16, 40_960).putInt(24, 1);
        for (int i = 0; i < 4; i++) {
            golden.put(39 + 8 * i, (byte) (1 + i));
        }
        golden.putInt(4092, 0x94e3f4ff);
        for (int at : new int[] {4096, 8192}) {
            golden.put(at, "SDBM".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            golden.putLong(at + 8, 2).putInt(at + 28, 0xc4c333fb);
            golden.putShort(at + 32, (short) 0b10_0000_0110);
        }
        Files.write(file, golden.array());
        byte[] base = Disks.random(1, 40_960);
        byte[] expected = base.clone();
        Arrays.fill(expected, 4096, 3 * 4096, (byte) 0);
        Arrays.fill(expected, 9 * 4096, 10 * 4096, (byte) 0);
        try (DeltaVolume v = open(file, base)) {
            assertArrayEquals(expected, Disks.readAll(v));
        }
        Path written = dir.resolve("written");
        try (DeltaVolume v = open(written, base)) {
            Disks.write(v, 4096, new byte[8192]);
            Disks.write(v, 9 * 4096, new byte[4096]);
        }
        assertArrayEquals(golden.array(), Files.readAllBytes(written));
    }

    @Test
    void whatWasNotFlushedReadsAsTheBaseAfterACrash() throws IOException {
        Path file = dir.resolve("d");
        Path copy = dir.resolve("copy");
        byte[] base = Disks.random(1, 1 << 20);
        try (DeltaVolume v = open(file, base)) {
            Disks.write(v, 0, Disks.random(2, 4096));
            v.flush();
            Disks.write(v, 8192, Disks.random(3, 4096));
            Files.copy(file, copy);
        }
        try (DeltaVolume v = open(copy, base)) {
            assertArrayEquals(Disks.random(2, 4096), Disks.read(v, 0, 4096));
            assertArrayEquals(Arrays.copyOfRange(base, 8192, 12_288), Disks.read(v, 8192, 4096));
        }
    }

    @Test
    void nothingIsLeftOfACreationThatFailed() {
        Path file = dir.resolve("missing").resolve("d");
        assertThrows(IOException.class, () -> open(file, new byte[4096]));
        assertFalse(Files.exists(file));
    }

    private static final int KILL_BLOCKS = 40_000;

    /** Block {@code i} times 13, modulo the disk, so that both map pages are used. */
    private static long killBlock(int i) {
        return i * 13L % KILL_BLOCKS;
    }

    private static byte[] killContent(int i) {
        return Disks.random(1_000_000L + i, 4096);
    }

    /** Whether block {@code i} is zeroed again, after 8 others. */
    private static boolean killZeroed(int i) {
        return i % 3 == 1;
    }

    private static DeltaVolume killDisk(Path file) throws IOException {
        return open(file, new byte[KILL_BLOCKS * 4096]);
    }

    /** Writes, zeroes and flushes blocks from number {@code args[1]} on for ever and says which are durable. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] args) throws IOException {
            try (DeltaVolume v = killDisk(Path.of(args[0]))) {
                for (int i = Integer.parseInt(args[1]); ; i++) {
                    Disks.write(v, killBlock(i) * 4096, killContent(i));
                    if (i >= 8 && killZeroed(i - 8)) {
                        v.zero(killBlock(i - 8) * 4096, 4096);
                    }
                    if (i % 4 == 0) {
                        v.flush();
                        System.out.println(i);
                    }
                }
            }
        }
    }

    @Test
    void whatWasFlushedSurvivesKill9AndNothingReadsAsGarbage() throws Exception {
        Path file = dir.resolve("disk-0.delta");
        Random random = new Random(System.nanoTime());
        int next = 0;
        for (int round = 0; round < 4; round++) {
            int enough = next + 20 + random.nextInt(200);
            int flushed = Child.runUntilKilled(Writer.class, enough, file.toString(), Integer.toString(next));
            assertTrue(flushed >= enough && flushed < KILL_BLOCKS - 100);
            try (DeltaVolume v = killDisk(file)) {
                for (int i = 0; i <= flushed; i++) {
                    byte[] got = Disks.read(v, killBlock(i) * 4096, 4096);
                    boolean mayBeZero = killZeroed(i) && Arrays.equals(got, new byte[4096]);
                    boolean mustBeZero = killZeroed(i) && i + 8 <= flushed;
                    assertTrue(mayBeZero || (!mustBeZero && Arrays.equals(got, killContent(i))), "block " + i);
                }
                for (int i = flushed + 1; i < flushed + 50; i++) {
                    byte[] got = Disks.read(v, killBlock(i) * 4096, 4096);
                    assertTrue(Arrays.equals(got, new byte[4096]) || Arrays.equals(got, killContent(i)), "block " + i);
                }
            }
            next = flushed + 1;
        }
    }
}
