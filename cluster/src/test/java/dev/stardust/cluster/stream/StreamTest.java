package dev.stardust.cluster.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.stream.StreamException.Reason;
import io.aeron.Aeron;
import io.aeron.Publication;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class StreamTest {
    private static final long WAIT_MS = 30_000;
    private static final FrameHandler IGNORE = (buffer, offset, length) -> true;

    private Path folder;
    private AeronDriver driverA;
    private AeronDriver driverB;
    private String endpointB;
    private StreamTransport a;
    private StreamTransport b;

    @BeforeAll
    void start(@TempDir Path temp) throws IOException {
        folder = temp;
        driverA = AeronDriver.start(temp.resolve("run-a/aeron"));
        driverB = AeronDriver.start(temp.resolve("run-b/aeron"));
        endpointB = freeEndpoint();
        a = StreamTransport.connect(driverA.folder(), freeEndpoint());
        b = StreamTransport.connect(driverB.folder(), endpointB);
    }

    @AfterAll
    void stop() {
        a.close();
        b.close();
        driverA.close();
        driverB.close();
        assertFalse(Files.exists(folder.resolve("run-a/aeron")), "the driver's folder is left behind");
    }

    private static String freeEndpoint() throws IOException {
        try (DatagramChannel probe =
                DatagramChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            return "127.0.0.1:" + ((InetSocketAddress) probe.getLocalAddress()).getPort();
        }
    }

    private static void pollToEnd(StreamReceiver receiver, FrameHandler handler) {
        while (!receiver.ended()) {
            if (receiver.poll(handler, 64) == 0) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void sixtyFourMebibytesArriveIntact() {
        int total = 64 << 20;
        Random lengths = new Random(1);
        try (StreamReceiver receiver = b.openReceiver(65504);
                StreamSender sender = a.openSender(receiver.session())) {
            CompletableFuture<StreamReceipt> sending = CompletableFuture.supplyAsync(() -> {
                UnsafeBuffer payload = new UnsafeBuffer(new byte[sender.maxPayloadBytes()]);
                Random bytes = new Random(2);
                bytes.nextBytes(payload.byteArray());
                for (int sent = 0; sent < total; ) {
                    int length = Math.min(lengths.nextInt(sender.maxPayloadBytes() + 1), total - sent);
                    sender.send(payload, 0, length, WAIT_MS);
                    sent += length;
                }
                return sender.finish(WAIT_MS);
            });
            byte[] expected = new byte[sender.maxPayloadBytes()];
            new Random(2).nextBytes(expected);
            UnsafeBuffer same = new UnsafeBuffer(expected);
            pollToEnd(receiver, (buffer, offset, length) -> {
                assertEquals(0, new UnsafeBuffer(buffer, offset, length).compareTo(new UnsafeBuffer(same, 0, length)));
                return true;
            });
            assertEquals(sending.join(), receiver.receipt());
            assertEquals(total, receiver.receipt().payloadBytes());
            assertEquals(0, receiver.refused());
        }
    }

    @Test
    void aSlowReceiverHoldsTheSenderBackAndLosesNothing() {
        int frames = 2000;
        try (StreamReceiver receiver = b.openReceiver();
                StreamSender sender = a.openSender(receiver.session())) {
            sender.awaitConnected(WAIT_MS);
            UnsafeBuffer payload = new UnsafeBuffer(new byte[4096]);
            int sent = 0;
            int idle = 0;
            while (sent < frames && idle < 200) {
                payload.putInt(0, sent);
                if (sender.offer(payload, 0, 4096)) {
                    sent++;
                    idle = 0;
                } else {
                    idle++;
                    sleep(1);
                }
            }
            assertTrue(sent < frames, "8 MB went into a receiver that takes nothing");
            StreamException slow = assertThrows(StreamException.class, () -> sender.send(payload, 0, 4096, 50));
            assertEquals(Reason.TIMEOUT, slow.reason());

            int first = sent;
            CompletableFuture<StreamReceipt> rest = CompletableFuture.supplyAsync(() -> {
                for (int i = first; i < frames; i++) {
                    payload.putInt(0, i);
                    sender.send(payload, 0, 4096, WAIT_MS);
                }
                return sender.finish(WAIT_MS);
            });
            AtomicInteger next = new AtomicInteger();
            AtomicInteger refusals = new AtomicInteger();
            pollToEnd(receiver, (buffer, offset, length) -> {
                if (refusals.incrementAndGet() % 3 == 0) {
                    return false;
                }
                assertEquals(next.getAndIncrement(), buffer.getInt(offset));
                return true;
            });
            assertEquals(frames, next.get());
            assertEquals(rest.join(), receiver.receipt());
        }
    }

    @Test
    void aReceiverThatClosesIsAnErrorForTheSender() {
        StreamReceiver receiver = b.openReceiver();
        try (StreamSender sender = a.openSender(receiver.session())) {
            sender.awaitConnected(WAIT_MS);
            receiver.close();
            UnsafeBuffer payload = new UnsafeBuffer(new byte[1024]);
            StreamException gone = assertThrows(StreamException.class, () -> {
                while (true) {
                    sender.send(payload, 0, 1024, WAIT_MS);
                }
            });
            assertEquals(Reason.PEER_GONE, gone.reason());
            assertThrows(StreamException.class, () -> receiver.poll(IGNORE, 1));
        }
    }

    @Test
    void aReceiversDriverThatDiesIsAnErrorForTheSender() throws IOException {
        AeronDriver mortal = AeronDriver.start(folder.resolve("run-c/aeron"));
        StreamTransport c = StreamTransport.connect(mortal.folder(), freeEndpoint());
        try (StreamReceiver receiver = c.openReceiver();
                StreamSender sender = a.openSender(receiver.session())) {
            sender.awaitConnected(WAIT_MS);
            mortal.close();
            UnsafeBuffer payload = new UnsafeBuffer(new byte[1024]);
            StreamException gone = assertThrows(StreamException.class, () -> {
                while (true) {
                    sender.send(payload, 0, 1024, WAIT_MS);
                }
            });
            assertEquals(Reason.PEER_GONE, gone.reason());
        } finally {
            c.close();
        }
    }

    @Test
    void aSenderThatLeavesBeforeTheEndIsAnErrorForTheReceiver() {
        try (StreamReceiver receiver = b.openReceiver()) {
            try (StreamSender sender = a.openSender(receiver.session())) {
                sender.send(new UnsafeBuffer(new byte[10]), 0, 10, WAIT_MS);
            }
            List<Integer> lengths = new ArrayList<>();
            StreamException gone = assertThrows(StreamException.class, () -> {
                while (true) {
                    receiver.poll(
                            (buffer, offset, length) -> {
                                lengths.add(length);
                                return true;
                            },
                            8);
                    sleep(1);
                }
            });
            assertEquals(Reason.PEER_GONE, gone.reason());
            assertEquals(List.of(10), lengths);
            assertFalse(receiver.ended());
        }
    }

    @Test
    void aStrangerAtTheRightAddressIsIgnored() {
        try (StreamReceiver receiver = b.openReceiver();
                Aeron stranger = Aeron.connect(
                        new Aeron.Context().aeronDirectoryName(driverA.folder().toString()))) {
            StreamSession session = receiver.session();
            Publication forger = stranger.addExclusivePublication(
                    "aeron:udp?endpoint=" + endpointB + "|session-id=" + session.sessionId(), session.streamId());
            UnsafeBuffer forged = new UnsafeBuffer(new byte[FrameFlyweight.HEADER_LENGTH + 4]);
            new FrameFlyweight().seal(forged, 0, FrameFlyweight.KIND_DATA, session.token() ^ 1, 0, 4);
            UnsafeBuffer noise = new UnsafeBuffer("hello".getBytes(StandardCharsets.UTF_8));
            AtomicInteger taken = new AtomicInteger();
            offer(forger, forged);
            offer(forger, noise);
            while (receiver.refused() < 2) {
                receiver.poll(counting(taken), 8);
            }
            new FrameFlyweight().seal(forged, 0, FrameFlyweight.KIND_DATA, session.token(), 0, 4);
            offer(forger, forged);
            while (taken.get() == 0) {
                receiver.poll(counting(taken), 8);
            }
            assertEquals(1, taken.get());
            assertEquals(2, receiver.refused());
        }
    }

    @Test
    void anotherSessionDoesNotEvenConnect() {
        try (StreamReceiver receiver = b.openReceiver()) {
            StreamSession right = receiver.session();
            StreamSession wrong = new StreamSession(
                    right.endpoint(), right.streamId(), right.sessionId() + 1, right.token(), right.mtuBytes());
            try (StreamSender sender = a.openSender(wrong)) {
                UnsafeBuffer payload = new UnsafeBuffer(new byte[4]);
                StreamException nobody = assertThrows(StreamException.class, () -> sender.send(payload, 0, 4, 1000));
                assertEquals(Reason.NOT_CONNECTED, nobody.reason());
                assertFalse(receiver.isConnected());
            }
        }
    }

    @Test
    void aMissingFrameBreaksTheStream() {
        try (StreamReceiver receiver = b.openReceiver();
                Aeron other = Aeron.connect(
                        new Aeron.Context().aeronDirectoryName(driverA.folder().toString()))) {
            StreamSession session = receiver.session();
            Publication publication = other.addExclusivePublication(
                    "aeron:udp?endpoint=" + endpointB + "|session-id=" + session.sessionId(), session.streamId());
            UnsafeBuffer frame = new UnsafeBuffer(new byte[FrameFlyweight.HEADER_LENGTH]);
            new FrameFlyweight().seal(frame, 0, FrameFlyweight.KIND_DATA, session.token(), 1, 0);
            offer(publication, frame);
            StreamException lost = assertThrows(StreamException.class, () -> {
                while (true) {
                    receiver.poll(IGNORE, 8);
                }
            });
            assertEquals(Reason.CORRUPT, lost.reason());
        }
    }

    @Test
    void whatTheHandlerThrowsComesOutOfPoll() {
        try (StreamReceiver receiver = b.openReceiver();
                StreamSender sender = a.openSender(receiver.session())) {
            sender.send(4, (buffer, offset) -> buffer.putInt(offset, 7), WAIT_MS);
            IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> {
                while (true) {
                    receiver.poll(
                            (buffer, offset, length) -> {
                                throw new IllegalStateException("handler " + buffer.getInt(offset));
                            },
                            8);
                }
            });
            assertEquals("handler 7", thrown.getMessage());
        }
    }

    @Test
    void aFrameThatIsTooLargeIsRefusedAndTheStreamGoesOn() {
        try (StreamReceiver receiver = b.openReceiver();
                StreamSender sender = a.openSender(receiver.session())) {
            int over = sender.maxPayloadBytes() + 1;
            UnsafeBuffer payload = new UnsafeBuffer(new byte[over]);
            StreamException large = assertThrows(StreamException.class, () -> sender.send(payload, 0, over, WAIT_MS));
            assertEquals(Reason.TOO_LARGE, large.reason());
            sender.send(payload, 0, over - 1, WAIT_MS);
            StreamReceipt sent = sender.finish(WAIT_MS);
            pollToEnd(receiver, IGNORE);
            assertEquals(sent, receiver.receipt());
            assertEquals(
                    Reason.CLOSED,
                    assertThrows(StreamException.class, () -> sender.send(payload, 0, 1, WAIT_MS))
                            .reason());
        }
    }

    @Test
    void receiptsGoBackOnAStreamOfTheOtherDirection() {
        try (StreamReceiver there = b.openReceiver();
                StreamReceiver back = a.openReceiver();
                StreamSender sender = a.openSender(there.session());
                StreamSender acknowledger = b.openSender(back.session())) {
            sender.send(new UnsafeBuffer(new byte[100]), 0, 100, WAIT_MS);
            StreamReceipt sent = sender.finish(WAIT_MS);
            pollToEnd(there, IGNORE);
            acknowledger.sendReceipt(there.receipt(), WAIT_MS);
            acknowledger.finish(WAIT_MS);
            List<StreamReceipt> receipts = new ArrayList<>();
            pollToEnd(back, new FrameHandler() {
                @Override
                public boolean onFrame(DirectBuffer buffer, int offset, int length) {
                    return true;
                }

                @Override
                public void onReceipt(StreamReceipt receipt) {
                    receipts.add(receipt);
                }
            });
            assertEquals(List.of(sent), receipts);
            assertNotEquals(StreamReceipt.NOTHING, sent);
        }
    }

    @Test
    void anotherProcessSharesTheDriver() throws Exception {
        try (StreamReceiver receiver = b.openReceiver()) {
            Process child = child(receiver.session(), 500);
            AtomicInteger next = new AtomicInteger();
            pollToEnd(receiver, (buffer, offset, length) -> {
                assertEquals(next.getAndIncrement(), buffer.getInt(offset));
                return true;
            });
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
                assertEquals(receiver.receipt().toString(), out.readLine());
            }
            assertEquals(0, child.waitFor());
        }
    }

    @Test
    void aProcessKilledWhileItSendsIsAnErrorForTheReceiver() throws Exception {
        try (StreamReceiver receiver = b.openReceiver()) {
            Process child = child(receiver.session(), Integer.MAX_VALUE);
            AtomicInteger taken = new AtomicInteger();
            while (taken.get() < 100) {
                receiver.poll(counting(taken), 8);
            }
            child.destroyForcibly().waitFor();
            StreamException gone = assertThrows(StreamException.class, () -> {
                while (true) {
                    receiver.poll(IGNORE, 8);
                    sleep(1);
                }
            });
            assertEquals(Reason.PEER_GONE, gone.reason());
        }
    }

    @Test
    void noDriverIsAClearError() {
        StreamException none = assertThrows(
                StreamException.class, () -> StreamTransport.connect(folder.resolve("nowhere"), endpointB));
        assertEquals(Reason.DRIVER, none.reason());
    }

    private Process child(StreamSession session, int frames) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "--add-opens=java.base/java.util.zip=ALL-UNNAMED",
                        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StreamChild.class.getName(),
                        driverA.folder().toString(),
                        freeEndpoint(),
                        Integer.toString(frames),
                        session.endpoint(),
                        Integer.toString(session.streamId()),
                        Integer.toString(session.sessionId()),
                        Long.toString(session.token()),
                        Integer.toString(session.mtuBytes()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static FrameHandler counting(AtomicInteger taken) {
        return (buffer, offset, length) -> {
            taken.incrementAndGet();
            return true;
        };
    }

    private static void offer(Publication publication, DirectBuffer buffer) {
        while (publication.offer(buffer) < 0) {
            Thread.onSpinWait();
        }
    }

    private static void sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
