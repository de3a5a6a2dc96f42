package dev.stardust.hypervisor.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.ByteRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.agrona.DirectBuffer;
import org.junit.jupiter.api.Test;

class StateFormatTest {
    private static final PlatformState PLATFORM = new PlatformState(64, 1, 1);

    /** Format version 1, byte for byte: a change that breaks this breaks every state already written. */
    private static final String GOLDEN = "53444d4143485354" // magic
            + "01000000" + "03000000" // version, sections
            + "01000000" + "00000000" + "0c000000" + "40000000" + "01000000" + "01000000" // platform
            + "11000000" + "00000000" + "04000000" + "07000000" // MP state of vCPU 0
            + "21000000" + "01000000" + "05000000" + "0102030405" + "000000" // virtio device 1
            + "c4efd693"; // CRC32C

    private static MachineState sample() {
        return new StateWriter()
                .add(StateSection.PLATFORM, 0, PLATFORM.toBytes())
                .add(StateSection.MP_STATE, 0, new byte[] {7, 0, 0, 0})
                .add(StateSection.VIRTIO, 1, new byte[] {1, 2, 3, 4, 5})
                .finish();
    }

    @Test
    void bytesAreThoseOfTheGoldenFile() {
        assertEquals(GOLDEN, HexFormat.of().formatHex(sample().bytes()));
    }

    @Test
    void goldenFileIsRead() {
        StateReader reader = new StateReader(new MachineState(HexFormat.of().parseHex(GOLDEN)));
        assertEquals(PLATFORM, PlatformState.read(reader.section(StateSection.PLATFORM, 0)));
        DirectBuffer virtio = reader.section(StateSection.VIRTIO, 1);
        byte[] bytes = new byte[virtio.capacity()];
        virtio.getBytes(0, bytes);
        assertArrayEquals(new byte[] {1, 2, 3, 4, 5}, bytes);
    }

    @Test
    void missingSectionIsNamed() {
        StateReader reader = new StateReader(sample());
        assertTrue(assertThrows(MachineException.class, () -> reader.section(StateSection.VIRTIO, 0))
                .getMessage()
                .contains("VIRTIO 0"));
    }

    @Test
    void unknownVersionIsRefusedByNumber() {
        byte[] bytes = sample().bytes().clone();
        bytes[8] = 2;
        assertTrue(refusal(bytes).contains("version 2"), refusal(bytes));
    }

    @Test
    void sectionOfWrongSizeIsRefused() {
        byte[] bytes = sample().bytes().clone();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(40 + 8, 3);
        assertTrue(refusal(sealed(bytes)).contains("MP_STATE of 3 bytes"), refusal(sealed(bytes)));
    }

    @Test
    void sameSectionTwiceIsRefused() {
        MachineState state = new StateWriter()
                .add(StateSection.VIRTIO, 0, new byte[1])
                .add(StateSection.VIRTIO, 0, new byte[1])
                .finish();
        assertTrue(refusal(state.bytes()).contains("twice"), refusal(state.bytes()));
    }

    @Property
    void everyChangedByteIsNoticed(@ForAll @IntRange(max = 79) int at, @ForAll @ByteRange(min = 1) byte change) {
        byte[] bytes = sample().bytes().clone();
        bytes[at % bytes.length] ^= change;
        refusal(bytes);
    }

    @Property
    void everyCutIsNoticed(@ForAll @IntRange(max = 79) int length) {
        byte[] bytes = sample().bytes();
        refusal(Arrays.copyOf(bytes, length % bytes.length));
    }

    /** Past the checksum, which an attacker can compute, the parser itself must hold. */
    @Property
    void anythingUnderAGoodChecksumIsReadOrRefusedInWords(
            @ForAll @Size(max = 64) byte[] junk, @ForAll @IntRange(max = 5) int sections) {
        ByteBuffer state = ByteBuffer.allocate(16 + junk.length + 4).order(ByteOrder.LITTLE_ENDIAN);
        state.putLong(StateWriter.MAGIC).putInt(1).putInt(sections).put(junk);
        byte[] bytes = sealed(state.array());
        try {
            StateReader reader = new StateReader(new MachineState(bytes));
            assertTrue(sections > 0 || junk.length == 0, reader::toString);
        } catch (MachineException e) {
            assertTrue(e.getMessage().startsWith("the saved machine state"), e.getMessage());
        }
    }

    private static byte[] sealed(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - 4);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - 4, (int) crc.getValue());
        return bytes;
    }

    private static String refusal(byte[] bytes) {
        return assertThrows(MachineException.class, () -> new StateReader(new MachineState(bytes)))
                .getMessage();
    }
}
