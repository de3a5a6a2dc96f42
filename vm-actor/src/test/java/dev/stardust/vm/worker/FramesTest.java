package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FramesTest {
    @Property(tries = 200)
    void framesComeOutAsTheyWentIn(@ForAll @Size(max = 8) List<@Size(min = 1, max = 3000) byte[]> frames)
            throws IOException {
        Frames.Reader reader = reader(written(frames.toArray(byte[][]::new)));
        for (byte[] frame : frames) {
            assertArrayEquals(frame, reader.read());
        }
        assertNull(reader.read());
    }

    @Property(tries = 1000)
    void anyBytesGiveFramesOrAnIoException(@ForAll @Size(max = 300) byte[] bytes) {
        Frames.Reader reader = reader(bytes);
        try {
            byte[] frame;
            while ((frame = reader.read()) != null) {
                assertTrue(frame.length >= 1 && frame.length <= bytes.length);
            }
        } catch (IOException e) {
            assertTrue(e.getMessage().contains("frame"), e.getMessage());
        }
    }

    @Test
    void aFrameLargerThanTheBufferIsWhole() throws IOException {
        byte[] large = new byte[300_001];
        new Random(1).nextBytes(large);
        Frames.Reader reader = reader(written(large, new byte[] {7}));
        assertArrayEquals(large, reader.read());
        assertArrayEquals(new byte[] {7}, reader.read());
    }

    @Test
    void lengthsOutOfRangeAreRefused() {
        for (int length : new int[] {0, -1, Integer.MIN_VALUE, Frames.MAX_LENGTH + 1}) {
            byte[] header = java.nio.ByteBuffer.allocate(64).putInt(length).array();
            IOException e = assertThrows(IOException.class, () -> reader(header).read());
            assertTrue(e.getMessage().contains(Integer.toUnsignedString(length)), e.getMessage());
        }
    }

    @Test
    void aStreamCutInsideAFrameIsNoEnd() throws IOException {
        byte[] whole = written(new byte[] {1, 2, 3});
        for (int cut = 1; cut < whole.length; cut++) {
            byte[] part = java.util.Arrays.copyOf(whole, cut);
            assertThrows(EOFException.class, () -> reader(part).read());
        }
    }

    @Test
    void theBytesOfAFrameAreTheDocumentedOnes() throws IOException {
        byte[] frame = new Message.Request(5, "pause", WorkerCodec.toTree(new Protocol.Vm("a", 2))).encode();
        // {"id": 5, "op": "pause", "body": {"vm": "a", "epoch": 2}} in CBOR (RFC 8949)
        assertEquals("00000020a362696405626f7065706175736564626f6479a262766d61616565706f636802", hex(written(frame)));
    }

    private static String hex(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }

    private static byte[] written(byte[]... frames) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Frames.Writer writer = new Frames.Writer(Channels.newChannel(bytes));
        for (byte[] frame : frames) {
            writer.write(frame);
        }
        return bytes.toByteArray();
    }

    private static Frames.Reader reader(byte[] bytes) {
        return new Frames.Reader(Channels.newChannel(new ByteArrayInputStream(bytes)));
    }
}
