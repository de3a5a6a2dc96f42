package dev.stardust.hypervisor.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FirmwareConfigTest {
    private static final int SELECTOR = 0x510;
    private static final int DATA = 0x511;
    private static final byte[] FIRST = {1, 2, (byte) 0xff};
    private static final byte[] SECOND = new byte[300];

    static {
        Arrays.fill(SECOND, (byte) 0x5a);
    }

    private final FirmwareConfig device = device("etc/one", "etc/two");
    private final Bus ports = new Bus("ports");

    FirmwareConfigTest() {
        ports.add(FirmwareConfig.BASE, FirmwareConfig.PORTS, device);
    }

    private static FirmwareConfig device(String first, String second) {
        return new FirmwareConfig(3, new TreeMap<>(Map.of(first, FIRST, second, SECOND)));
    }

    private byte[] read(int item, int bytes) {
        ports.write(SELECTOR, 2, item);
        return next(bytes);
    }

    private byte[] next(int bytes) {
        byte[] read = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            read[i] = (byte) ports.read(DATA, 1);
        }
        return read;
    }

    @Test
    void signatureInterfaceAndVcpusAreAtTheirNumbers() {
        assertEquals("QEMU", new String(read(0, 4), StandardCharsets.US_ASCII));
        assertArrayEquals(new byte[] {1, 0, 0, 0}, read(1, 4));
        assertArrayEquals(new byte[] {3, 0}, read(5, 2));
        assertArrayEquals(new byte[] {3, 0}, read(15, 2));
    }

    @Test
    void directoryNamesTheFiles() {
        ByteBuffer directory = ByteBuffer.wrap(read(0x19, 4 + 2 * 64));
        assertEquals(2, directory.getInt());
        assertEntry(directory, FIRST, "etc/one");
        assertEntry(directory, SECOND, "etc/two");
        assertArrayEquals(new byte[8], next(8));
    }

    private void assertEntry(ByteBuffer directory, byte[] content, String name) {
        int size = directory.getInt();
        int number = directory.getShort();
        assertEquals(0, directory.getShort());
        byte[] text = new byte[56];
        directory.get(text);
        assertEquals(name, new String(text, StandardCharsets.US_ASCII).replace("\0", ""));
        assertArrayEquals(content, read(number, size));
        assertArrayEquals(new byte[4], next(4));
    }

    @Test
    void itemIsReadFromItsStartWheneverItIsSelected() {
        read(0, 3);
        assertArrayEquals(new byte[] {'Q', 'E'}, read(0, 2));
        assertArrayEquals(new byte[] {'M', 'U', 0}, next(3));
    }

    @Test
    void whatIsNotThereReadsAsZeros() {
        assertArrayEquals(new byte[3], next(3));
        assertArrayEquals(new byte[3], read(0xffff, 3));
        assertArrayEquals(new byte[3], read(0x22, 3));
    }

    @Test
    void otherWidthsSelectAndReadNothing() {
        read(0, 1);
        assertEquals(0, device.read(0, 1));
        assertEquals(0, device.read(0, 2));
        device.write(0, 1, 1);
        device.write(1, 1, 1);
        assertArrayEquals(new byte[] {'E', 'M', 'U'}, next(3));
    }

    @Test
    void nameThatIsTooLongIsRefused() {
        device("a".repeat(55), "b");
        assertThrows(IllegalArgumentException.class, () -> device("a".repeat(56), "b"));
    }

    /** What a guest may do: an access at one of the ports, or near them. */
    private record Access(long offset, int width, boolean write, long value) {
        static Access of(long bits) {
            return new Access((bits & 7) - 3, 1 << ((bits >>> 3) & 3), (bits & 32) != 0, bits >>> 8);
        }
    }

    @Property
    void anyAccessesAreTaken(@ForAll @Size(max = 200) long[] accesses) {
        for (long bits : accesses) {
            Access access = Access.of(bits);
            if (access.write) {
                device.write(access.offset, access.width, access.value);
            } else {
                long value = device.read(access.offset, access.width);
                assertTrue(value >= 0 && value <= 0xff, () -> access + " gave " + value);
            }
        }
        assertEquals("QEMU", new String(read(0, 4), StandardCharsets.US_ASCII));
    }

    @Property
    void anyPartOfAnyItemIsItsBytesAndThenZeros(
            @ForAll @LongRange(max = 0xffff_ffffL) long selector, @ForAll @IntRange(max = 400) int count) {
        byte[] item =
                switch ((int) selector & 0xffff) {
                    case 0x20 -> FIRST;
                    case 0x21 -> SECOND;
                    default -> null;
                };
        byte[] read = read((int) selector & 0xffff, count);
        if (item != null) {
            assertArrayEquals(Arrays.copyOf(item, count), read);
        } else if ((selector & 0xffff) > 0x21) {
            assertArrayEquals(new byte[count], read);
        }
    }
}
