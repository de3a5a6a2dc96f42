package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TxnCodecTest {
    private static final Txn EVERYTHING = new Txn(
            "req",
            List.of(
                    new Compare.Absent("k"),
                    new Compare.AtRevision("k", 1),
                    new Compare.HasValue("k", "v"),
                    new Compare.InTerm(2),
                    new Compare.LeaseAlive("l"),
                    new Compare.LeaseDead("l"),
                    new Compare.LeaseAtRevision("l", 3)),
            List.of(new Op.Put("k", "v", "l"), new Op.Delete("k")),
            List.of(new Op.LeaseRenew("l", 4), new Op.LeaseEnd("l", "why")));

    private static final String GOLDEN = "01" + "00000003726571" + "00000007"
            + "01" + "000000016b"
            + "02" + "000000016b" + "0000000000000001"
            + "03" + "000000016b" + "0000000176"
            + "04" + "0000000000000002"
            + "05" + "000000016c"
            + "06" + "000000016c"
            + "07" + "000000016c" + "0000000000000003"
            + "00000002"
            + "01" + "000000016b" + "0000000176" + "000000016c"
            + "02" + "000000016b"
            + "00000002"
            + "03" + "000000016c" + "0000000000000004"
            + "04" + "000000016c" + "00000003776879";

    @Test
    void theLogFormatDoesNotChangeUnnoticed() throws IOException {
        assertEquals(GOLDEN, HexFormat.of().formatHex(TxnCodec.encode(EVERYTHING)));
        assertEquals(EVERYTHING, TxnCodec.decode(HexFormat.of().parseHex(GOLDEN)));
        assertEquals(
                "01" + "01" + "0000000000000005" + "0000000000000006",
                HexFormat.of().formatHex(TxnCodec.encode(new TxnResult(true, 5, 6))));
        assertEquals(new TxnResult(true, 5, 6), TxnCodec.decodeResult(TxnCodec.encode(new TxnResult(true, 5, 6))));
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] whole = TxnCodec.encode(EVERYTHING);
        for (int n = 0; n < whole.length; n++) {
            byte[] part = Arrays.copyOf(whole, n);
            assertThrows(IOException.class, () -> TxnCodec.decode(part));
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        assertThrows(IOException.class, () -> TxnCodec.decode(longer));
    }

    @Test
    void aNewerVersionIsNamed() {
        byte[] bytes = TxnCodec.encode(EVERYTHING);
        bytes[0] = 2;
        IOException e = assertThrows(IOException.class, () -> TxnCodec.decode(bytes));
        assertTrue(e.getMessage().contains("version 2"), e.getMessage());
    }

    @Property(tries = 2000)
    void arbitraryBytesAreRefusedOrReadBackTheSame(@ForAll @Size(max = 200) byte[] bytes, @ForAll boolean versioned) {
        if (versioned && bytes.length > 0) {
            bytes[0] = 1;
        }
        decodeOrRefuse(bytes);
    }

    @Property(tries = 2000)
    void aDamagedTransactionIsRefusedOrReadBackTheSame(@ForAll int at, @ForAll byte with) {
        byte[] bytes = TxnCodec.encode(EVERYTHING);
        bytes[Math.floorMod(at, bytes.length)] = with;
        decodeOrRefuse(bytes);
    }

    private static void decodeOrRefuse(byte[] bytes) {
        Txn txn;
        try {
            txn = TxnCodec.decode(bytes);
        } catch (IOException e) {
            return;
        }
        assertEquals(HexFormat.of().formatHex(bytes), HexFormat.of().formatHex(TxnCodec.encode(txn)));
    }

    @Test
    void whatBreaksALimitIsRefusedByName() {
        refused("at most", new Op.Put("k", "v"), 5000);
        refused("value of k", new Op.Put("k", "x".repeat(70_000)), 1);
        refused("key", new Op.Put("k".repeat(600), ""), 1);
        refused("empty key", new Op.Put("", ""), 1);
        refused("ttl", new Op.LeaseRenew("l", 0), 1);
        refused("at most", new Op.Put("k", "x".repeat(60_000)), 30);
        assertThrows(IllegalArgumentException.class, () -> TxnCodec.encode(new Txn("", List.of(), List.of())));
    }

    private static void refused(String naming, Op op, int times) {
        Txn txn = new Txn("r", List.of(), Collections.nCopies(times, op));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> TxnCodec.encode(txn));
        assertTrue(e.getMessage().contains(naming), e.getMessage());
    }
}
