package dev.stardust.hypervisor.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestMemoryTest {
    private static final long MIB = 1 << 20;

    @Test
    void valuesAreLittleEndianAndReadBack() {
        try (GuestMemory memory = GuestMemory.create(MIB)) {
            memory.putU64(8, 0x8877_6655_4433_2211L);
            assertEquals(0x11, memory.getU8(8));
            assertEquals(0x3322, memory.getU16(9));
            assertEquals(0x8877_6655L, memory.getU32(12));
            assertEquals(0x8877_6655_4433_2211L, memory.getU64(8));
            memory.putU16Release(2, 0xffff);
            assertEquals(0xffff, memory.getU16Acquire(2));
        }
    }

    @Test
    void writesMarkTheirPagesAndReadsDoNot() {
        try (GuestMemory memory = GuestMemory.create(MIB)) {
            memory.getU64(0);
            memory.read(0, new byte[8192]);
            assertEquals(0, memory.deviceDirty().cardinality());
            memory.putU32(3 * 4096 - 2, 1);
            memory.write(5 * 4096, new byte[4097]);
            memory.write(9 * 4096, new UnsafeBuffer(new byte[4]), 1, 3);
            assertEquals("2+2 5+2 9+1 ", runs(memory.deviceDirty()));
        }
    }

    @Test
    void memoryBeyondTwoGibIsReached() {
        long size = 3L << 30;
        try (GuestMemory memory = GuestMemory.create(size)) {
            memory.write(size - 4, new byte[] {1, 2, 3, 4});
            byte[] back = new byte[4];
            memory.read(size - 4, back);
            assertArrayEquals(new byte[] {1, 2, 3, 4}, back);
            assertEquals(size / 4096 - 1, memory.deviceDirty().nextSet(0));
            assertThrows(GuestFaultException.class, () -> memory.getU64(size - 7));
        }
    }

    @Property(tries = 2000)
    void rangeIsInsideOnlyIfEveryByteIs(@ForAll long address, @ForAll long length) {
        try (GuestMemory memory = GuestMemory.create(4096)) {
            boolean inside = java.math.BigInteger.valueOf(address)
                                    .add(java.math.BigInteger.valueOf(length))
                                    .compareTo(java.math.BigInteger.valueOf(4096))
                            <= 0
                    && address >= 0
                    && length >= 0;
            assertEquals(inside, memory.contains(address, length));
        }
    }

    @Test
    void accessOutsideRamFaultsAndMarksNothing() {
        try (GuestMemory memory = GuestMemory.create(4096)) {
            assertThrows(GuestFaultException.class, () -> memory.putU8(4096, 1));
            assertThrows(GuestFaultException.class, () -> memory.putU16(-1, 1));
            assertThrows(GuestFaultException.class, () -> memory.putU64(Long.MAX_VALUE, 1));
            assertThrows(GuestFaultException.class, () -> memory.write(4095, new byte[2]));
            assertThrows(GuestFaultException.class, () -> memory.markDirty(4096, 1));
            assertTrue(memory.contains(4096, 0));
            assertFalse(memory.contains(4097, 0));
            assertEquals(0, memory.deviceDirty().cardinality());
        }
    }

    @Test
    void baseIsNotChangedByItsClones(@TempDir Path folder) throws Exception {
        byte[] content = new byte[8192];
        content[5] = 42;
        Path base = Files.write(folder.resolve("base.mem"), content);
        try (GuestMemory one = GuestMemory.fromBase(base, 8192);
                GuestMemory two = GuestMemory.fromBase(base, 8192)) {
            one.putU8(5, 1);
            assertEquals(42, two.getU8(5));
        }
        assertArrayEquals(content, Files.readAllBytes(base));
    }

    @Test
    void baseOfAnotherSizeIsRefused(@TempDir Path folder) throws Exception {
        Path base = Files.write(folder.resolve("base.mem"), new byte[4096]);
        IOException e = assertThrows(IOException.class, () -> GuestMemory.fromBase(base, 8192));
        assertTrue(e.getMessage().contains("has 4096 bytes, but the VM has 8192"), e.getMessage());
    }

    @Test
    void closedMemoryFaults() {
        GuestMemory memory = GuestMemory.create(4096);
        memory.close();
        assertThrows(GuestFaultException.class, () -> memory.getU8(0));
    }

    @Test
    void memoryThatWasNotWrittenIsNotTouched() {
        try (GuestMemory memory = GuestMemory.create(64 * MIB)) {
            assertEquals("", touched(memory));
            memory.putU8(3 * 4096 + 7, 1);
            memory.write(100 * 4096 - 1, new byte[4098]);
            memory.putU8(64 * MIB - 1, 1);
            assertEquals("3+1 99+3 16383+1 ", touched(memory));
        }
    }

    @Test
    void pagesOfABaseAreTouchedOnceTheyAreWritten(@TempDir Path dir) throws IOException {
        byte[] bytes = new byte[(int) (64 * MIB)];
        java.util.Arrays.fill(bytes, (byte) 5);
        Path base = Files.write(dir.resolve("base"), bytes);
        try (GuestMemory memory = GuestMemory.fromBase(base, bytes.length)) {
            assertEquals("", touched(memory));
            assertEquals(5, memory.getU8(40 * 4096));
            assertEquals("", touched(memory), "reading is no touch");
            memory.putU8(3 * 4096 + 7, 1);
            memory.write(100 * 4096 - 1, new byte[4098]);
            memory.putU8(64 * MIB - 1, 5);
            assertEquals("3+1 99+3 16383+1 ", touched(memory));
        }
    }

    private static String touched(GuestMemory memory) {
        DirtyBitmap pages = DirtyBitmap.forBytes(memory.sizeBytes());
        memory.addTouched(pages);
        return runs(pages);
    }

    private static String runs(DirtyBitmap pages) {
        StringBuilder runs = new StringBuilder();
        pages.forEachRun(
                (first, count) -> runs.append(first).append('+').append(count).append(' '));
        return runs.toString();
    }
}
