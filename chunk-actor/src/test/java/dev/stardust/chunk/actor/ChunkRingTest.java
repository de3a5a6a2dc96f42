package dev.stardust.chunk.actor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.store.ChunkLocation;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.cluster.membership.HostAddress;
import dev.stardust.cluster.ring.HashRing;
import dev.stardust.cluster.ring.RingSnapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three hosts, two replicas. */
@Timeout(180)
class ChunkRingTest {
    /** When all hosts answer: a stall of this machine must not count as a dead host. */
    private static final long PATIENT_MS = 30_000;
    /** When one does not. */
    private static final long IMPATIENT_MS = 4_000;

    private static final RingSnapshot RING =
            new RingSnapshot(1, 2, new TreeMap<>(Map.of("host-a", 1, "host-b", 1, "host-c", 1)));

    @TempDir
    private Path folder;

    private TestHost a;
    private TestHost b;
    private TestHost c;
    private List<TestHost> hosts = List.of();

    private void start(long timeoutMs) throws IOException {
        Map<String, HostAddress> addresses = new ConcurrentHashMap<>();
        a = new TestHost("host-a", folder, addresses, timeoutMs);
        b = new TestHost("host-b", folder, addresses, timeoutMs);
        c = new TestHost("host-c", folder, addresses, timeoutMs);
        hosts = List.of(a, b, c);
    }

    @AfterEach
    void stop() {
        hosts.forEach(TestHost::close);
    }

    private void setRing(RingSnapshot ring) {
        hosts.forEach(host -> host.ring.update(ring));
    }

    private static void importInto(TestHost host, Map<ChunkId, byte[]> chunks) throws IOException {
        RingSink sink = host.node.newSink();
        for (Map.Entry<ChunkId, byte[]> chunk : chunks.entrySet()) {
            sink.put(chunk.getKey(), TestChunks.buffer(chunk.getValue()));
        }
        sink.sync();
    }

    private static FetchReport fetch(TestHost host, Collection<ChunkId> ids) {
        return host.node
                .fetcher()
                .fetch(ids)
                .toCompletableFuture()
                .orTimeout(60, TimeUnit.SECONDS)
                .join();
    }

    private List<String> holders(ChunkId id) throws IOException {
        List<String> holders = new ArrayList<>();
        for (TestHost host : hosts) {
            if (host.store.contains(id)) {
                holders.add(host.id);
            }
        }
        return holders;
    }

    private static List<String> owners(ChunkId id) {
        return HashRing.of(RING).owners(ChunkNode.shardOf(id)).stream().sorted().toList();
    }

    /** A chunk whose owners are these, in this order. */
    private static byte[] chunkOwnedBy(String first, String second) {
        for (int i = 0; ; i++) {
            byte[] raw = ("some chunk " + i + " ").repeat(40).getBytes(StandardCharsets.UTF_8);
            if (HashRing.of(RING).owners(ChunkNode.shardOf(Blake3.hash(raw))).equals(List.of(first, second))) {
                return raw;
            }
        }
    }

    private static void assertHolds(ChunkStore store, Map<ChunkId, byte[]> chunks) throws IOException {
        for (Map.Entry<ChunkId, byte[]> chunk : chunks.entrySet()) {
            assertArrayEquals(chunk.getValue(), store.get(chunk.getKey()).orElseThrow());
        }
    }

    @Test
    void anImageLandsOnItsOwnersAndIsFetchedByAnyHost() throws IOException {
        start(PATIENT_MS);
        setRing(RING);
        Map<ChunkId, byte[]> image = TestChunks.cut(TestChunks.image(20 << 20, 1));
        importInto(a, image);
        int onC = 0;
        for (ChunkId id : image.keySet()) {
            assertEquals(owners(id), holders(id));
            onC += holders(id).contains("host-c") ? 1 : 0;
        }
        FetchReport report = fetch(c, image.keySet());
        assertEquals(onC, report.here());
        assertEquals(image.size() - onC, report.fetched());
        assertTrue(report.fetchedBytes() < 20 << 20, "compressed chunks grew on the way");
        assertHolds(c.store, image);
        assertEquals(0, fetch(c, image.keySet()).fetched());
    }

    @Test
    void aStoppedHostIsReplacedByTheOtherReplicaAndByAnotherMember() throws IOException {
        start(IMPATIENT_MS);
        setRing(RING);
        Map<ChunkId, byte[]> image = TestChunks.cut(TestChunks.image(2 << 20, 2));
        importInto(a, image);
        b.stop();
        fetch(c, image.keySet());
        assertHolds(c.store, image);

        Map<ChunkId, byte[]> second = TestChunks.cut(TestChunks.image(2 << 20, 3));
        importInto(a, second);
        for (ChunkId id : second.keySet()) {
            assertEquals(List.of("host-a", "host-c"), holders(id));
        }
    }

    @Test
    void anImportWithTooFewHostsFails() throws IOException {
        start(IMPATIENT_MS);
        setRing(RING);
        b.stop();
        c.stop();
        IOException few =
                assertThrows(IOException.class, () -> importInto(a, TestChunks.cut(TestChunks.image(1 << 20, 4))));
        assertTrue(few.getMessage().contains("does not find 2 hosts"), few.getMessage());
    }

    @Test
    void aHostWithAnOldRingIsToldSoAndTriesAgainWithTheNewOne() throws Exception {
        start(PATIENT_MS);
        setRing(RingSnapshot.first("host-a", 1, 2));
        Map<ChunkId, byte[]> image = TestChunks.cut(TestChunks.image(1 << 20, 5));
        importInto(a, image);
        RingSnapshot grown = new RingSnapshot(2, 2, RING.members());
        a.ring.update(grown);
        b.ring.update(grown);

        CompletableFuture<FetchReport> fetching =
                c.node.fetcher().fetch(image.keySet()).toCompletableFuture();
        Thread.sleep(500);
        assertFalse(fetching.isDone(), "an old epoch was served");
        c.ring.update(grown);
        assertEquals(image.size(), fetching.get(60, TimeUnit.SECONDS).fetched());

        Map<ChunkId, byte[]> second = TestChunks.cut(TestChunks.image(1 << 20, 6));
        b.ring.update(new RingSnapshot(3, 2, RING.members()));
        CompletableFuture<Void> importing = CompletableFuture.runAsync(() -> {
            try {
                importInto(a, second);
            } catch (IOException e) {
                throw new CompletionException(e);
            }
        });
        Thread.sleep(500);
        assertFalse(importing.isDone(), "an old epoch was served");
        setRing(new RingSnapshot(3, 2, RING.members()));
        importing.get(60, TimeUnit.SECONDS);
        for (ChunkId id : second.keySet()) {
            assertEquals(owners(id), holders(id));
        }
    }

    @Test
    void afterTheRingGrewReadersFindWhatWasNotMovedAndMendTheOwners() throws Exception {
        start(PATIENT_MS);
        setRing(RingSnapshot.first("host-a", 1, 2));
        byte[] raw = chunkOwnedBy("host-b", "host-c");
        ChunkId id = Blake3.hash(raw);
        importInto(a, Map.of(id, raw));
        setRing(new RingSnapshot(2, 2, RING.members()));
        assertArrayEquals(raw, c.node.fetcher().fetch(id));
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!b.store.contains(id) && System.nanoTime() < deadlineNs) {
            Thread.sleep(20);
        }
        assertEquals(List.of("host-a", "host-b", "host-c"), holders(id));
    }

    @Test
    void aChunkThatIsNowhereIsNamed() throws IOException {
        start(PATIENT_MS);
        setRing(RING);
        ChunkId id = Blake3.hash(new byte[] {1, 2, 3});
        CompletionException none = assertThrows(CompletionException.class, () -> fetch(a, List.of(id)));
        assertTrue(none.getCause() instanceof ChunkTransferException, none.toString());
        assertTrue(none.getMessage().contains("chunk " + id + " is nowhere"), none.getMessage());
        assertTrue(none.getMessage().contains("[host-b, host-c]"), none.getMessage());
        assertThrows(IOException.class, () -> a.node.fetcher().fetch(id));
    }

    @Test
    void aDamagedReplicaIsPassedOver() throws IOException {
        start(PATIENT_MS);
        setRing(RING);
        byte[] raw = chunkOwnedBy("host-b", "host-c");
        ChunkId id = Blake3.hash(raw);
        importInto(a, Map.of(id, raw));
        damage(b, id, false);
        assertEquals(1, fetch(a, List.of(id)).fetched());
        assertArrayEquals(raw, a.store.get(id).orElseThrow());
        assertArrayEquals(raw, b.node.fetcher().fetch(id), "a damaged own replica is read from elsewhere");
    }

    @Test
    void aChunkOfTheWrongBytesIsRefusedByWhoeverAskedForIt() throws IOException {
        start(PATIENT_MS);
        setRing(RING);
        byte[] raw = chunkOwnedBy("host-b", "host-c");
        ChunkId id = Blake3.hash(raw);
        importInto(a, Map.of(id, raw));
        damage(b, id, true);
        assertEquals(1, fetch(a, List.of(id)).fetched());
        assertArrayEquals(raw, a.store.get(id).orElseThrow());
    }

    /** Changes a stored byte; with good checksums the store itself does not notice. */
    private static void damage(TestHost host, ChunkId id, boolean goodChecksums) throws IOException {
        ChunkLocation location = host.store.locate(id).orElseThrow();
        Path file = host.segments.resolve("%08d.seg".formatted(location.segment()));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer record =
                    ByteBuffer.allocate(56 + location.storedLength()).order(ByteOrder.LITTLE_ENDIAN);
            channel.read(record, location.offset());
            record.put(record.limit() - 1, (byte) (record.get(record.limit() - 1) ^ 1));
            if (goodChecksums) {
                record.putInt(12, crc(record, 56, location.storedLength()));
                record.putInt(48, crc(record, 0, 48));
            }
            channel.write(record.rewind(), location.offset());
        }
    }

    private static int crc(ByteBuffer buffer, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.duplicate().limit(from + length).position(from));
        return (int) crc.getValue();
    }
}
