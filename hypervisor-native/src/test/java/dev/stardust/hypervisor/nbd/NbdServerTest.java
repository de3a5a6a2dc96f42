package dev.stardust.hypervisor.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.virtio.blk.BackendFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NbdServerTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 40 * MIB + 512;

    @TempDir
    Path dir;

    private final MemoryDisk disk = new MemoryDisk(SIZE);
    private final MemoryDisk sealed = new MemoryDisk(MIB);
    private Path socket;
    private NbdServer server;

    @BeforeEach
    void start() {
        socket = dir.resolve("nbd.sock");
        server = new NbdServer(
                socket, List.of(new NbdExport("disk-0", disk, false), new NbdExport("sealed", sealed, true)));
    }

    @AfterEach
    void stop() {
        server.close();
        assertEquals(0, disk.outside() + sealed.outside(), "nothing but what is inside of a disk is touched");
        assertFalse(Files.exists(socket));
    }

    private static byte[] random(int seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void theSocketIsItsOwnersAlone() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
    }

    @Test
    void whatIsWrittenIsReadWhateverTheKindOfRepliesAndTheSize() throws IOException {
        try (NbdClient simple = NbdClient.ready(socket, "disk-0");
                NbdClient structured = NbdClient.structured(socket, "disk-0")) {
            assertEquals(SIZE, simple.sizeBytes());
            int offset = 3;
            for (int length : new int[] {1, 512, 4096, 70_000, 2 * MIB, 2 * MIB + 1, 5 * MIB, 32 * MIB}) {
                byte[] data = random(length, length);
                assertEquals(0, simple.write(offset, data));
                assertArrayEquals(data, simple.read(offset, length));
                assertArrayEquals(data, structured.read(offset, length));
                offset += 4097;
            }
            assertEquals(0, simple.read(5, 0).length);
            assertEquals(0, structured.read(5, 0).length);
            assertEquals(0, simple.write(5));
        }
    }

    @Test
    void manyRequestsUnderWayAreAllAnswered() throws Exception {
        byte[] data = random(1, 8 * MIB);
        try (NbdClient client = NbdClient.structured(socket, "disk-0")) {
            assertEquals(0, client.write(0, data));
            int requests = 500;
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
                try {
                    for (int i = 0; i < requests; i++) {
                        client.send(Nbd.CMD_READ, 0, i * 4096L, 8192);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            Set<Long> cookies = new TreeSet<>();
            for (int i = 0; i < requests; i++) {
                NbdClient.Answer answer = client.answer(8192);
                int at = (int) (answer.cookie() - 2) * 4096;
                assertArrayEquals(Arrays.copyOfRange(data, at, at + 8192), answer.data());
                cookies.add(answer.cookie());
            }
            sent.get();
            assertEquals(requests, cookies.size());
        }
    }

    @Test
    void aReadIsAnsweredWhileFlushesAreUnderWay() throws Exception {
        CountDownLatch begun = new CountDownLatch(3);
        CountDownLatch mayEnd = new CountDownLatch(1);
        disk.holdFlushes(begun, mayEnd);
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            Set<Long> flushes = new TreeSet<>();
            for (int i = 0; i < 3; i++) {
                flushes.add(client.send(Nbd.CMD_FLUSH, 0, 0, 0));
            }
            begun.await();
            assertEquals(512, client.read(0, 512).length, "it comes before the flushes are done");
            mayEnd.countDown();
            Set<Long> answered = new TreeSet<>();
            for (int i = 0; i < 3; i++) {
                answered.add(client.answer(0).cookie());
            }
            assertEquals(flushes, answered);
        } finally {
            mayEnd.countDown();
        }
    }

    @Test
    void aFlushCoversWhatOtherConnectionsWrote() throws IOException {
        byte[] data = random(2, 4096);
        try (NbdClient writer = NbdClient.ready(socket, "disk-0");
                NbdClient flusher = NbdClient.structured(socket, "disk-0");
                NbdClient reader = NbdClient.ready(socket, "disk-0")) {
            assertTrue((writer.flags() & Nbd.FLAG_CAN_MULTI_CONN) != 0);
            assertEquals(0, writer.write(8192, data));
            assertArrayEquals(new byte[4096], Arrays.copyOfRange(disk.durable(), 8192, 12_288));
            assertEquals(0, flusher.flush());
            assertArrayEquals(data, Arrays.copyOfRange(disk.durable(), 8192, 12_288));
            assertArrayEquals(data, reader.read(8192, 4096));
        }
    }

    @Test
    void whatIsAskedToBeDurableIsWhenItIsAnswered() throws IOException {
        byte[] data = random(3, 3 * MIB);
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            assertEquals(0, client.call(Nbd.CMD_WRITE, Nbd.CMD_FLAG_FUA, 0, data.length, data));
            assertArrayEquals(data, Arrays.copyOf(disk.durable(), data.length));
            assertEquals(0, client.call(Nbd.CMD_WRITE_ZEROES, Nbd.CMD_FLAG_FUA, 100, 1000));
            Arrays.fill(data, 100, 1100, (byte) 0);
            assertArrayEquals(data, Arrays.copyOf(disk.durable(), data.length));
            assertEquals(
                    0, client.call(Nbd.CMD_WRITE_ZEROES, Nbd.CMD_FLAG_FUA | Nbd.CMD_FLAG_NO_HOLE, 5000, 2 * MIB + 7));
            Arrays.fill(data, 5000, 5000 + 2 * MIB + 7, (byte) 0);
            assertArrayEquals(data, Arrays.copyOf(disk.durable(), data.length));
            assertEquals(0, client.call(Nbd.CMD_TRIM, Nbd.CMD_FLAG_FUA, 0, data.length));
            assertArrayEquals(new byte[data.length], Arrays.copyOf(disk.durable(), data.length));
        }
    }

    @Test
    void whatIsAllocatedIsTold() throws IOException {
        try (NbdClient client = NbdClient.structured(socket, "disk-0")) {
            client.write(3 * 4096, random(4, 2 * 4096));
            client.send(Nbd.CMD_BLOCK_STATUS, 0, 0, MIB);
            int hole = Nbd.STATE_HOLE | Nbd.STATE_ZERO;
            assertArrayEquals(
                    ByteBuffer.allocate(28)
                            .putInt(Handshake.ALLOCATION_ID)
                            .putInt(3 * 4096)
                            .putInt(hole)
                            .putInt(2 * 4096)
                            .putInt(0)
                            .putInt(MIB - 5 * 4096)
                            .putInt(hole)
                            .array(),
                    client.answer(0).data());
            client.send(Nbd.CMD_BLOCK_STATUS, Nbd.CMD_FLAG_REQ_ONE, 4096, 20_000);
            assertArrayEquals(
                    ByteBuffer.allocate(12)
                            .putInt(Handshake.ALLOCATION_ID)
                            .putInt(2 * 4096)
                            .putInt(hole)
                            .array(),
                    client.answer(0).data());
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_BLOCK_STATUS, 0, SIZE - 10, 20));
        }
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_BLOCK_STATUS, 0, 0, 20), "it has not asked for it before");
        }
    }

    @Test
    void aDiskWithManyExtentsIsToldOfInParts() throws IOException {
        try (NbdClient client = NbdClient.structured(socket, "disk-0")) {
            for (int i = 0; i < 5000; i++) {
                client.write(i * 8192L, (byte) 1);
            }
            client.send(Nbd.CMD_BLOCK_STATUS, 0, 0, SIZE);
            assertEquals(4 + RequestServer.MAX_EXTENTS * 8, client.answer(0).data().length);
        }
    }

    @Test
    void aReadOnlyDiskRefusesChanges() throws IOException {
        try (NbdClient client = NbdClient.ready(socket, "sealed")) {
            assertEquals(
                    Nbd.FLAG_READ_ONLY,
                    client.flags() & (Nbd.FLAG_READ_ONLY | Nbd.FLAG_SEND_TRIM | Nbd.FLAG_SEND_WRITE_ZEROES));
            assertEquals(Nbd.EPERM, client.write(0, new byte[100_000]));
            assertEquals(Nbd.EPERM, client.call(Nbd.CMD_TRIM, 0, 0, 4096));
            assertEquals(Nbd.EPERM, client.call(Nbd.CMD_WRITE_ZEROES, 0, 0, 4096));
            assertEquals(0, client.flush());
            assertArrayEquals(new byte[4096], client.read(0, 4096));
        }
    }

    @Test
    void whatIsWrongWithARequestIsTold() throws IOException {
        int before = disk.transfers();
        try (NbdClient client = NbdClient.structured(socket, "disk-0")) {
            assertEquals(Nbd.ENOSPC, client.write(SIZE - 10, new byte[20]));
            assertEquals(Nbd.ENOSPC, client.write(Long.MIN_VALUE, new byte[20]));
            assertEquals(Nbd.ENOSPC, client.call(Nbd.CMD_WRITE_ZEROES, 0, 512, 0xFFFF_FFFFL));
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_TRIM, 0, Long.MAX_VALUE, 0xFFFF_FFFFL));
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_READ, 0, SIZE - 1, 2));
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_READ, 0, 0, Nbd.MAX_PAYLOAD + 1));
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_FLUSH, 0, 0, 1));
            assertEquals(Nbd.EINVAL, client.call(Nbd.CMD_WRITE, 1 << 7, 0, 3, (byte) 1, (byte) 2, (byte) 3));
            assertEquals(Nbd.EINVAL, client.call(99, 0, 0, 10));
            assertEquals(before, disk.transfers());
            assertEquals(0, client.write(SIZE - 1, (byte) 7));
        }
    }

    @Test
    void errorsOfTheDiskAreTold() throws IOException {
        try (NbdClient simple = NbdClient.ready(socket, "disk-0");
                NbdClient structured = NbdClient.structured(socket, "disk-0")) {
            disk.failWith(new IOException("the disk is broken"), 0);
            assertEquals(Nbd.EIO, simple.write(0, new byte[3 * MIB]));
            assertEquals(Nbd.EIO, simple.flush());
            assertEquals(Nbd.EIO, simple.call(Nbd.CMD_READ, 0, 0, 5));
            assertEquals(Nbd.EIO, structured.call(Nbd.CMD_READ, 0, 0, 5));
            assertEquals(Nbd.EIO, structured.call(Nbd.CMD_BLOCK_STATUS, 0, 0, 5));
            disk.failWith(new BackendFullException(new IOException("the disk is full")), 0);
            assertEquals(Nbd.ENOSPC, simple.write(0, new byte[10]));
            disk.failWith(new IOException("the disk is broken"), 2 * MIB);
            structured.send(Nbd.CMD_READ, 0, 0, 3 * MIB);
            assertEquals(Nbd.EIO, structured.answer(3 * MIB).error(), "after a piece of the data");
            disk.failWith(null, 0);
            assertArrayEquals(new byte[3 * MIB], simple.read(0, 3 * MIB));
        }
    }

    @Test
    void anErrorInTheMiddleOfASimpleReplyEndsTheConnection() throws IOException {
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            disk.failWith(new IOException("the disk is broken"), 2 * MIB);
            client.send(Nbd.CMD_READ, 0, 0, 3 * MIB);
            assertThrows(IOException.class, () -> client.answer(3 * MIB));
        }
    }

    @Test
    void afterAFarewellWhatIsUnderWayIsAnswered() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        disk.holdFlushes(begun, mayEnd);
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            long flush = client.send(Nbd.CMD_FLUSH, 0, 0, 0);
            begun.await();
            client.send(Nbd.CMD_DISC, 0, 0, 0);
            mayEnd.countDown();
            assertEquals(flush, client.answer(0).cookie());
            assertTrue(client.isHungUp());
        }
    }

    @Test
    void nothingIsTouchedBetweenQuiesceAndResume() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        try (NbdClient client = NbdClient.ready(socket, "disk-0");
                NbdClient other = NbdClient.ready(socket, "disk-0")) {
            disk.holdFlushes(begun, mayEnd);
            long flush = client.send(Nbd.CMD_FLUSH, 0, 0, 0);
            begun.await();
            CompletableFuture<Void> quiet = CompletableFuture.runAsync(server::quiesce);
            assertThrows(
                    java.util.concurrent.TimeoutException.class,
                    () -> quiet.get(100, TimeUnit.MILLISECONDS),
                    "a flush is under way");
            mayEnd.countDown();
            quiet.get();
            assertEquals(flush, client.answerThatIsThere());
            int before = disk.transfers();
            CompletableFuture<Integer> small = CompletableFuture.supplyAsync(() -> write(client, 4096));
            CompletableFuture<Integer> large = CompletableFuture.supplyAsync(() -> write(other, 5 * MIB));
            Thread.sleep(100);
            assertEquals(before, disk.transfers());
            server.resume();
            assertEquals(0, small.get());
            assertEquals(0, large.get());
        } finally {
            mayEnd.countDown();
        }
    }

    @Test
    void whoTakesNoAnswersDoesNotHoldUpQuiesce() throws Exception {
        Path hasty = dir.resolve("hasty.sock");
        try (NbdServer ofHaste = new NbdServer(hasty, List.of(new NbdExport("disk-0", disk, false)), 10_000, 200);
                NbdClient deaf = NbdClient.ready(hasty, "disk-0");
                NbdClient other = NbdClient.ready(hasty, "disk-0")) {
            int before = disk.transfers();
            for (int i = 0; i < 10; i++) {
                deaf.send(Nbd.CMD_READ, 0, 0, 32 * MIB);
            }
            for (int i = 0; i < 1000 && disk.transfers() == before; i++) {
                Thread.sleep(10);
            }
            assertTrue(disk.transfers() > before, "an answer is under way");
            assertEquals(512, other.read(0, 512).length);
            ofHaste.quiesce();
            ofHaste.resume();
            assertThrows(IOException.class, () -> deaf.answer(32 * MIB));
            assertEquals(512, other.read(0, 512).length);
        }
    }

    private static int write(NbdClient client, int length) {
        try {
            return client.write(0, new byte[length]);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aServerThatIsQuietCanBeClosed() throws IOException {
        try (NbdClient client = NbdClient.ready(socket, "disk-0")) {
            server.quiesce();
            client.send(Nbd.CMD_READ, 0, 0, 512);
            server.close();
            assertTrue(client.isHungUp());
        }
    }

    @Test
    void theLastClientIsWaitedFor() throws Exception {
        CompletableFuture<Void> over = CompletableFuture.runAsync(() -> {
            try {
                server.awaitLastClient();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        new NbdClient(socket).close();
        NbdClient one = NbdClient.ready(socket, "disk-0");
        NbdClient two = NbdClient.ready(socket, "disk-0");
        one.close();
        two.read(0, 1);
        assertFalse(over.isDone());
        two.close();
        over.get();
    }

    @Test
    void noMoreThanSixteenAreServedAtATime() throws Exception {
        List<NbdClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < NbdServer.MAX_CLIENTS; i++) {
                clients.add(NbdClient.ready(socket, "disk-0"));
            }
            assertThrows(IOException.class, () -> NbdClient.ready(socket, "disk-0"));
            clients.get(0).send(Nbd.CMD_DISC, 0, 0, 0);
            assertTrue(clients.get(0).isHungUp());
            for (NbdClient client : clients.subList(1, clients.size())) {
                assertEquals(0, client.write(0, (byte) 1));
            }
        } finally {
            for (NbdClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void servingAllocatesNothing() throws IOException {
        try (NbdClient client = NbdClient.structured(socket, "disk-0")) {
            byte[] data = random(5, 4096);
            for (int i = 0; i < 3000; i++) {
                client.write(0, data);
                client.read(0, 4096);
            }
            long before = allocatedByServer();
            for (int i = 0; i < 1000; i++) {
                client.send(Nbd.CMD_READ, 0, 0, 4096);
                client.answer(4096);
            }
            long each = (allocatedByServer() - before) / 1000;
            assertTrue(each < 64, each + " bytes a request, of which the disk of this test takes 32");
        }
    }

    private static long allocatedByServer() {
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long id : threads.getAllThreadIds()) {
            java.lang.management.ThreadInfo info = threads.getThreadInfo(id);
            if (info != null && info.getThreadName().startsWith("nbd-")) {
                sum += threads.getThreadAllocatedBytes(id);
            }
        }
        return sum;
    }
}
