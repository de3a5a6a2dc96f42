package dev.stardust.cluster.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.stardust.cluster.stream.FrameFlyweight.Fault;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.agrona.concurrent.UnsafeBuffer;

class FrameFlyweightTest {
    private static final long TOKEN = 0x1122334455667788L;
    private final FrameFlyweight frame = new FrameFlyweight();

    private byte[] sealed(byte kind, long sequence, byte[] payload) {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[FrameFlyweight.HEADER_LENGTH + payload.length]);
        buffer.putBytes(FrameFlyweight.HEADER_LENGTH, payload);
        frame.seal(buffer, 0, kind, TOKEN, sequence, payload.length);
        return buffer.byteArray();
    }

    private Fault wrap(byte[] bytes) {
        return frame.wrap(new UnsafeBuffer(bytes), 0, bytes.length, TOKEN);
    }

    @Example
    void theLayoutIsTheDocumentedOne() {
        byte[] golden = HexFormat.of()
                .parseHex("53446672" + "a62ac8b1" + "01010000" + "03000000" + "8877665544332211" + "0500000000000000"
                        + "616263");
        assertArrayEquals(golden, sealed(FrameFlyweight.KIND_DATA, 5, new byte[] {'a', 'b', 'c'}));
        assertEquals(Fault.NONE, wrap(golden));
        assertEquals(5, frame.sequence());
        assertEquals(3, frame.payloadLength());
    }

    @Property(tries = 300)
    void whatWasSealedIsReadWhereverItLies(
            @ForAll @Size(max = 200) byte[] payload, @ForAll long sequence, @ForAll @IntRange(max = 70) int at) {
        byte[] bytes = sealed(FrameFlyweight.KIND_DATA, sequence, payload);
        UnsafeBuffer direct = new UnsafeBuffer(ByteBuffer.allocateDirect(300 + at));
        direct.putBytes(at, bytes);
        assertEquals(Fault.NONE, frame.wrap(direct, at, bytes.length, TOKEN));
        assertEquals(sequence, frame.sequence());
        byte[] read = new byte[frame.payloadLength()];
        direct.getBytes(frame.payloadOffset(), read);
        assertArrayEquals(payload, read);
    }

    @Property(tries = 1000)
    void everyFlippedBitIsSeen(
            @ForAll @Size(max = 100) byte[] payload,
            @ForAll @IntRange(max = 131) int at,
            @ForAll @IntRange(max = 7) int bit) {
        byte[] bytes = sealed(FrameFlyweight.KIND_DATA, 1, payload);
        bytes[at % bytes.length] ^= (byte) (1 << bit);
        assertNotEquals(Fault.NONE, wrap(bytes));
    }

    @Property(tries = 1000)
    void noiseAndPiecesAreRefusedWithoutAnException(
            @ForAll @Size(max = 120) byte[] noise, @ForAll @IntRange(max = 60) int cut) {
        assertNotEquals(Fault.NONE, wrap(noise));
        byte[] bytes = sealed(FrameFlyweight.KIND_DATA, 1, new byte[29]);
        byte[] piece = java.util.Arrays.copyOf(bytes, cut);
        assertNotEquals(Fault.NONE, wrap(piece));
    }

    @Example
    void eachFaultHasItsName() {
        byte[] good = sealed(FrameFlyweight.KIND_DATA, 1, new byte[8]);
        assertEquals(Fault.TOO_SHORT, wrap(new byte[31]));
        assertEquals(Fault.BAD_MAGIC, wrap(changed(good, 0)));
        assertEquals(Fault.BAD_CHECKSUM, wrap(changed(good, FrameFlyweight.CHECKSUM_OFFSET)));
        assertEquals(Fault.BAD_VERSION, wrap(changed(good, FrameFlyweight.VERSION_OFFSET)));
        assertEquals(Fault.BAD_LENGTH, wrap(changed(good, FrameFlyweight.LENGTH_OFFSET)));
        assertEquals(Fault.BAD_TOKEN, wrap(changed(good, FrameFlyweight.TOKEN_OFFSET)));
        assertEquals(Fault.BAD_KIND, wrap(sealed((byte) 9, 1, new byte[8])));
        assertEquals(Fault.BAD_LENGTH, wrap(sealed(FrameFlyweight.KIND_END, 1, new byte[8])));
    }

    private static byte[] changed(byte[] bytes, int at) {
        byte[] copy = bytes.clone();
        copy[at] ^= 1;
        return copy;
    }

    @Example
    void receiptsTravelWhole() {
        StreamReceipt receipt = new StreamReceipt(7, 1L << 40, -3);
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[FrameFlyweight.HEADER_LENGTH + FrameFlyweight.RECEIPT_LENGTH]);
        FrameFlyweight.putReceipt(buffer, FrameFlyweight.HEADER_LENGTH, receipt);
        frame.seal(buffer, 0, FrameFlyweight.KIND_END, TOKEN, 9, FrameFlyweight.RECEIPT_LENGTH);
        assertEquals(Fault.NONE, wrap(buffer.byteArray()));
        assertEquals(receipt, frame.receipt());
    }

    @Example
    void theTallyDependsOnOrder() {
        ReceiptTally forth = new ReceiptTally();
        ReceiptTally back = new ReceiptTally();
        forth.add(1, 10);
        forth.add(1, 20);
        back.add(1, 20);
        back.add(1, 10);
        assertNotEquals(forth.receipt(), back.receipt());
    }
}
