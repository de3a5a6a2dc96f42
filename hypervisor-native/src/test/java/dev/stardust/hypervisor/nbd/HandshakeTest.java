package dev.stardust.hypervisor.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HandshakeTest {
    private static final int SIZE = 1 << 20;

    @TempDir
    Path dir;

    private final NbdExport one = new NbdExport("disk-0", new MemoryDisk(SIZE), false);
    private final NbdExport other = new NbdExport("disk-1", new MemoryDisk(SIZE), true);
    private Path socket;
    private NbdServer server;

    @BeforeEach
    void start() {
        socket = dir.resolve("nbd.sock");
        server = new NbdServer(socket, List.of(one, other));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private NbdClient client() throws IOException {
        return new NbdClient(socket).flags(NbdClient.NEWSTYLE);
    }

    private static int last(List<NbdClient.OptionReply> replies) {
        return replies.get(replies.size() - 1).type();
    }

    /** Byte by byte, from the protocol's document. */
    @Test
    void theOldestOptionIsAnsweredAsInTheBook() throws IOException {
        for (int flags : new int[] {NbdClient.NEWSTYLE, Nbd.FLAG_FIXED_NEWSTYLE, 0}) {
            try (NbdClient client = new NbdClient(socket).flags(flags)) {
                client.sendOption(Nbd.OPT_EXPORT_NAME, NbdClient.bytes("disk-1"));
                assertEquals(SIZE, client.in().readLong());
                assertEquals(0b1_0000_1111, client.in().readUnsignedShort());
                int reserved = flags == NbdClient.NEWSTYLE ? 0 : 124;
                assertArrayEquals(new byte[reserved], client.in().readNBytes(reserved));
                assertEquals(512, client.read(0, 512).length);
            }
        }
        try (NbdClient client = client()) {
            client.sendOption(Nbd.OPT_EXPORT_NAME, NbdClient.bytes("disk-7"));
            assertTrue(client.isHungUp());
        }
    }

    @Test
    void disksAreListed() throws IOException {
        try (NbdClient client = client()) {
            List<NbdClient.OptionReply> replies = client.option(Nbd.OPT_LIST);
            assertEquals(3, replies.size());
            assertEquals("\0\0\0\6disk-0", replies.get(0).text());
            assertEquals("\0\0\0\6disk-1", replies.get(1).text());
            assertEquals(Nbd.REP_ERR_INVALID, last(client.option(Nbd.OPT_LIST, (byte) 1)));
        }
    }

    @Test
    void aDiskIsDescribedAndThenChosen() throws IOException {
        try (NbdClient client = client()) {
            List<NbdClient.OptionReply> info =
                    client.option(Nbd.OPT_INFO, NbdClient.name("disk-0", Nbd.INFO_NAME, Nbd.INFO_BLOCK_SIZE, 77));
            assertEquals(4, info.size());
            assertArrayEquals(
                    ByteBuffer.allocate(12)
                            .putShort((short) 0)
                            .putLong(SIZE)
                            .putShort((short) 0b1_0110_1101)
                            .array(),
                    info.get(0).data());
            assertArrayEquals(
                    ByteBuffer.allocate(14)
                            .putShort((short) 3)
                            .putInt(1)
                            .putInt(4096)
                            .putInt(32 << 20)
                            .array(),
                    info.get(1).data());
            assertEquals("\0\1disk-0", info.get(2).text());
            assertEquals(Nbd.REP_ERR_UNKNOWN, last(client.option(Nbd.OPT_GO, NbdClient.name("disk-7"))));
            assertEquals(
                    Nbd.REP_ERR_UNKNOWN, last(client.option(Nbd.OPT_GO, NbdClient.name(""))), "there are two of them");
            assertEquals(Nbd.REP_ACK, last(client.option(Nbd.OPT_GO, NbdClient.name("disk-0"))));
            assertEquals(0, client.write(0, (byte) 1));
        }
    }

    @Test
    void theOnlyDiskNeedsNoName() throws IOException {
        Path alone = dir.resolve("alone.sock");
        try (NbdServer ofOne = new NbdServer(alone, List.of(one));
                NbdClient client = NbdClient.ready(alone, "")) {
            assertEquals(SIZE, client.sizeBytes());
            assertEquals(alone, ofOne.path());
        }
    }

    @Test
    void optionsThatAreWrongOrUnknownLeaveTheHandshakeAsItWas() throws IOException {
        try (NbdClient client = client()) {
            assertEquals(Nbd.REP_ERR_UNSUP, last(client.option(5)), "TLS");
            assertEquals(Nbd.REP_ERR_UNSUP, last(client.option(4242, new byte[20_000])));
            assertEquals(Nbd.REP_ERR_INVALID, last(client.option(Nbd.OPT_INFO)));
            assertEquals(Nbd.REP_ERR_INVALID, last(client.option(Nbd.OPT_INFO, new byte[] {-1, -1, -1, -1, 0, 0})));
            assertEquals(Nbd.REP_ERR_INVALID, last(client.option(Nbd.OPT_INFO, new byte[] {0, 0, 0, 0, 0, 9})));
            assertEquals(Nbd.REP_ERR_INVALID, last(client.option(Nbd.OPT_STRUCTURED_REPLY, (byte) 0)));
            assertEquals(Nbd.REP_ACK, last(client.option(Nbd.OPT_GO, NbdClient.name("disk-0"))));
            assertEquals(0, client.flush());
        }
    }

    @Test
    void contextsAreListedAndSelectedForOneDisk() throws IOException {
        try (NbdClient client = client()) {
            byte[] all = NbdClient.contexts("disk-0");
            assertEquals(Nbd.REP_ERR_INVALID, last(client.option(Nbd.OPT_LIST_META_CONTEXT, all)), "too early");
            client.option(Nbd.OPT_STRUCTURED_REPLY);
            assertEquals(
                    "\0\0\0\0base:allocation",
                    client.option(Nbd.OPT_LIST_META_CONTEXT, all).get(0).text());
            byte[] wildcard = NbdClient.contexts("disk-0", "qemu:dirty", "base:");
            assertEquals(2, client.option(Nbd.OPT_LIST_META_CONTEXT, wildcard).size());
            assertEquals(1, client.option(Nbd.OPT_SET_META_CONTEXT, wildcard).size());
            assertEquals(1, client.option(Nbd.OPT_SET_META_CONTEXT, all).size());
            byte[] chosen = NbdClient.contexts("disk-0", "base:allocation");
            assertEquals(
                    "\0\0\0\1base:allocation",
                    client.option(Nbd.OPT_SET_META_CONTEXT, chosen).get(0).text());
            byte[] broken = chosen.clone();
            broken[13] = 99;
            assertEquals(Nbd.REP_ERR_INVALID, last(client.option(Nbd.OPT_SET_META_CONTEXT, broken)));
            byte[] ofNone = NbdClient.contexts("disk-7", "base:allocation");
            assertEquals(Nbd.REP_ERR_UNKNOWN, last(client.option(Nbd.OPT_SET_META_CONTEXT, ofNone)));
            client.option(Nbd.OPT_SET_META_CONTEXT, chosen);
            client.option(Nbd.OPT_GO, NbdClient.name("disk-1"));
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_BLOCK_STATUS, 0, 0, 512), "selected for another disk");
        }
    }

    @Test
    void whoBreaksOffIsToldGoodbye() throws IOException {
        try (NbdClient client = client()) {
            assertEquals(Nbd.REP_ACK, last(client.option(Nbd.OPT_ABORT)));
            assertTrue(client.isHungUp());
        }
    }

    @Test
    void whoBreaksTheRulesIsHungUpOn() throws IOException {
        try (NbdClient client = new NbdClient(socket).flags(1 << 5)) {
            assertTrue(client.isHungUp(), "flags that nobody offered");
        }
        try (NbdClient client = client()) {
            client.send(new byte[16]);
            assertTrue(client.isHungUp(), "no magic number");
        }
        try (NbdClient client = client()) {
            client.send(ByteBuffer.allocate(16)
                    .putLong(Nbd.IHAVEOPT)
                    .putInt(Nbd.OPT_LIST)
                    .putInt(-1)
                    .array());
            assertTrue(client.isHungUp(), "4 GiB of an option");
        }
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            client.send(new byte[Request.SIZE]);
            assertTrue(client.isHungUp(), "no request");
        }
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            client.send(Nbd.CMD_WRITE, 0, 0, Nbd.MAX_PAYLOAD + 1L);
            assertTrue(client.isHungUp(), "more data than may be");
        }
    }

    @Test
    void aHandshakeThatDoesNotEndIsHungUpOn() throws IOException {
        Path hasty = dir.resolve("hasty.sock");
        try (NbdServer ofHaste = new NbdServer(hasty, List.of(one), 200, 200);
                NbdClient client = new NbdClient(hasty)) {
            assertTrue(client.isHungUp());
            assertEquals(hasty, ofHaste.path());
        }
    }

    @Test
    void namesMustBeUsableAndDifferent() {
        MemoryDisk disk = new MemoryDisk(512);
        assertThrows(IllegalArgumentException.class, () -> new NbdExport("", disk, false));
        assertThrows(IllegalArgumentException.class, () -> new NbdExport("a\0b", disk, false));
        assertThrows(IllegalArgumentException.class, () -> new NbdExport("n".repeat(257), disk, false));
        assertThrows(IllegalArgumentException.class, () -> new NbdServer(dir.resolve("two.sock"), List.of(one, one)));
    }
}
