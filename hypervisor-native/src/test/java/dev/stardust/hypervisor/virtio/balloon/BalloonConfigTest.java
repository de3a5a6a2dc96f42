package dev.stardust.hypervisor.virtio.balloon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class BalloonConfigTest {
    /** As an array in which the driver may write bytes 4 to 7 and 12 to 15. */
    @Property(tries = 1000)
    void writesOfAnyWidthAndPlaceReachOnlyTheDriversFields(
            @ForAll @LongRange(min = -9, max = 24) long offset,
            @ForAll @IntRange(max = 3) int log2Width,
            @ForAll long value,
            @ForAll @LongRange(min = -9, max = 24) long readAt) {
        BalloonConfig config = new BalloonConfig();
        config.setNumPages(0x0102_0304);
        ByteBuffer model = ByteBuffer.allocate(BalloonConfig.SIZE).order(ByteOrder.LITTLE_ENDIAN);
        model.putInt(0, 0x0102_0304);
        int width = 1 << log2Width;
        config.write(offset, width, value);
        for (int i = 0; i < width; i++) {
            long at = offset + i;
            if (offset >= 0 && at < BalloonConfig.SIZE && (at & 4) != 0) {
                model.put((int) at, (byte) (value >>> (8 * i)));
            }
        }
        long expected = 0;
        for (int i = 0; i < width; i++) {
            long at = readAt + i;
            if (readAt >= 0 && at < BalloonConfig.SIZE) {
                expected |= (model.get((int) at) & 0xffL) << (8 * i);
            }
        }
        assertEquals(expected, config.read(readAt, width));
        assertEquals(model.getInt(4), config.actual());
        assertEquals(model.getInt(12), config.poisonVal());
        assertEquals(0x0102_0304, config.numPages());
    }

    @Test
    void offsetsThatOverflowAreNothing() {
        BalloonConfig config = new BalloonConfig();
        config.setNumPages(-1);
        config.write(Long.MAX_VALUE, 8, -1);
        assertEquals(0, config.read(Long.MAX_VALUE, 8));
        assertEquals(0, config.read(Long.MIN_VALUE, 8));
        assertEquals(0, config.actual());
        assertEquals(0xffff_ffffL, config.read(0, 8));
    }
}
