package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BusTest {
    /** A device that is plain memory and remembers the widths it saw. */
    private static final class Memory implements BusDevice {
        final byte[] bytes;
        final List<Integer> widths = new ArrayList<>();

        Memory(int size) {
            bytes = new byte[size];
        }

        @Override
        public long read(long offset, int width) {
            widths.add(width);
            long value = 0;
            for (int i = 0; i < width; i++) {
                value |= (bytes[(int) offset + i] & 0xffL) << (i * 8);
            }
            return value;
        }

        @Override
        public void write(long offset, int width, long value) {
            widths.add(width);
            for (int i = 0; i < width; i++) {
                bytes[(int) offset + i] = (byte) (value >>> (i * 8));
            }
        }
    }

    private final Bus bus = new Bus("test bus");
    private final Memory low = new Memory(8);
    private final Memory high = new Memory(16);

    BusTest() {
        bus.add(0x208, 16, high);
        bus.add(0x200, 8, low);
    }

    @Test
    void wholeAccessReachesItsDeviceOnce() {
        bus.write(0x204, 4, 0x1234_5678_9abcL);
        assertEquals(0x5678_9abcL, bus.read(0x204, 4));
        assertEquals(List.of(4, 4), low.widths);
    }

    @Test
    void accessAcrossTwoDevicesIsSplit() {
        bus.write(0x206, 4, 0x44332211);
        assertEquals(0x22, low.bytes[7]);
        assertEquals(0x33, high.bytes[0]);
        assertEquals(0x44332211L, bus.read(0x206, 4));
    }

    @Test
    void bytesThatNobodyOwnsReadAsOnes() {
        assertEquals(0xff, bus.read(0x100, 1));
        assertEquals(0xffff_ffffL, bus.read(0x100, 4));
        assertEquals(-1L, bus.read(0x100, 8));
        assertEquals(0xffff_0000L, bus.read(0x216, 4));
        assertEquals(0x00ff, bus.read(0x1ff, 2));
        bus.write(0x1fe, 4, 0x7766_5544);
        assertEquals(0x66, low.bytes[0]);
    }

    @Test
    void oddWidthsAreSplitIntoBytes() {
        bus.write(0x208, 3, 0xccbbaa);
        assertEquals(0xccbbaa, bus.read(0x208, 3));
        assertEquals(List.of(1, 1, 1, 1, 1, 1), high.widths);
    }

    @ParameterizedTest
    @CsvSource({
        "0x200, 1",
        "0x1ff, 2",
        "0x207, 1",
        "0x1f0, 0x100",
        "0x217, 1",
        "0x208, 16",
        "0, 0",
        "-1, 2",
        "0x7fffffffffffffff, 2"
    })
    void overlapsAndEmptyRangesAreRefused(String base, String length) {
        assertThrows(
                IllegalArgumentException.class, () -> bus.add(Long.decode(base), Long.decode(length), new Memory(1)));
    }

    @Test
    void neighboursAreNoOverlap() {
        bus.add(0x218, 1, low);
        bus.add(0x1ff, 1, low);
        assertEquals(0, bus.read(0x1ff, 1));
    }

    @Property
    void anyAccessEqualsTheSameAccessOnPlainBytes(
            @ForAll @LongRange(min = 0x1f0, max = 0x220) long address,
            @ForAll @IntRange(min = 1, max = 8) int width,
            @ForAll long value) {
        byte[] model = new byte[0x40];
        Arrays.fill(model, (byte) 0xff);
        Arrays.fill(model, 0x10, 0x28, (byte) 0);
        bus.write(address, width, value);
        long expected = 0;
        for (int i = 0; i < width; i++) {
            int at = (int) (address - 0x1f0) + i;
            if (at >= 0x10 && at < 0x28) {
                model[at] = (byte) (value >>> (i * 8));
            }
            expected |= (model[at] & 0xffL) << (i * 8);
        }
        assertEquals(expected, bus.read(address, width));
    }
}
