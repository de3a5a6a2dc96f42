package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.libc.EventFd;
import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.NativeException;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.QueueWorker;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two guests whose taps are ports of one bridge, in a network namespace of the test's own. */
class TapBackendTest {
    private static final long DATA = 0x1_0000;
    private static final int HEADER = NetBackend.HEADER_BYTES;
    private static final long VERSION_1 = 1L << 32;
    private static final long DEADLINE_NS = 20_000_000_000L;

    private final NetNamespace namespace = new NetNamespace();
    private final QueueWorker worker = new QueueWorker("test-virtio-net");

    /** A guest with one tap, whose eight receive buffers are as large as any frame. */
    private final class Side implements AutoCloseable {
        private static final int BUFFER_BYTES = 0x1_1000;

        final GuestMemory memory = GuestMemory.create(2 << 20);
        final TapBackend tap;
        final NetDevice device;
        final TestGuest guest;
        private int taken;

        Side(String name, int last, long features) {
            tap = namespace.openPort(name);
            device = new NetDevice(tap, new NetSettings(new byte[] {2, 0, 0, 0, 0, (byte) last}, 1500));
            guest = new TestGuest(device, memory);
            guest.start(features == 0 ? guest.plainFeatures() : features);
            worker.attach(guest.transport());
            for (int i = 0; i < TestGuest.QUEUE_SIZE; i++) {
                guest.descriptor(NetDevice.RECEIVE, i, bufferAt(i), BUFFER_BYTES, TestGuest.WRITE, 0);
                guest.offer(NetDevice.RECEIVE, i);
            }
            guest.notifyDevice(NetDevice.RECEIVE);
        }

        private long bufferAt(int index) {
            return DATA + 0x2_0000 + (long) index * BUFFER_BYTES;
        }

        /** Sends a frame in three pieces and waits until it is used. */
        void send(byte[] frame) throws InterruptedException {
            memory.write(DATA, frame);
            guest.descriptor(NetDevice.TRANSMIT, 0, DATA, HEADER, TestGuest.NEXT, 1);
            guest.descriptor(NetDevice.TRANSMIT, 1, DATA + HEADER, 33, TestGuest.NEXT, 2);
            guest.descriptor(NetDevice.TRANSMIT, 2, DATA + HEADER + 33, frame.length - HEADER - 33, 0, 0);
            int used = guest.usedIndex(NetDevice.TRANSMIT);
            guest.offer(NetDevice.TRANSMIT, 0);
            guest.notifyDevice(NetDevice.TRANSMIT);
            guest.awaitUsed(NetDevice.TRANSMIT, used + 1);
        }

        /** Waits for so many frames and gives their buffers back. */
        List<byte[]> receive(int count) throws InterruptedException {
            long start = System.nanoTime();
            while (guest.usedIndex(NetDevice.RECEIVE) - taken < count && System.nanoTime() - start < DEADLINE_NS) {
                Thread.sleep(1);
            }
            assertTrue(guest.usedIndex(NetDevice.RECEIVE) - taken >= count, "frames arrived");
            List<byte[]> frames = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int buffer = (int) guest.usedId(taken);
                byte[] frame = new byte[(int) guest.usedLength(NetDevice.RECEIVE, taken)];
                memory.read(bufferAt(buffer), frame);
                frames.add(frame);
                taken++;
                guest.offer(NetDevice.RECEIVE, buffer);
            }
            guest.notifyDevice(NetDevice.RECEIVE);
            return frames;
        }

        long counted(String name) {
            return device.metrics().counters().get(name);
        }

        @Override
        public void close() {
            worker.detach(guest.transport());
            guest.close();
            device.close();
            tap.close();
            memory.close();
        }
    }

    @BeforeEach
    void makeBridge() {
        namespace.run("ip link add br0 type bridge mcast_snooping 0");
        namespace.run("ip link set br0 up");
        for (String tap : List.of("tapa", "tapb")) {
            namespace.run("ip tuntap add dev " + tap + " mode tap");
            namespace.run("ip link set dev " + tap + " master br0 up");
        }
    }

    @AfterEach
    void stop() {
        worker.close();
        namespace.close();
    }

    @Test
    void checksumThatWasLeftToTheHostIsMadeForADriverThatWantsItDone() throws Exception {
        byte[] payload = TcpFrame.payload(1000);
        try (Side a = new Side("tapa", 1, 0);
                Side b = new Side("tapb", 2, VERSION_1)) {
            byte[] sent = TcpFrame.partial(payload, 0);
            assertFalse(TcpFrame.checksumIsRight(sent));
            a.send(sent);
            byte[] got = b.receive(1).get(0);
            assertEquals(0, got[0]);
            assertTrue(TcpFrame.checksumIsRight(got));
            assertArrayEquals(payload, Arrays.copyOfRange(got, HEADER + TcpFrame.HEADERS, got.length));
        }
    }

    @Test
    void largeFrameIsCutForADriverThatTakesNone() throws Exception {
        byte[] payload = TcpFrame.payload(4100);
        try (Side a = new Side("tapa", 1, 0);
                Side b = new Side("tapb", 2, VERSION_1)) {
            a.send(TcpFrame.partial(payload, 1000));
            int at = 0;
            for (byte[] segment : b.receive(5)) {
                assertEquals(5000 + at, TcpFrame.sequence(segment));
                assertTrue(TcpFrame.checksumIsRight(segment), "segment at " + at);
                byte[] part = Arrays.copyOfRange(segment, HEADER + TcpFrame.HEADERS, segment.length);
                assertArrayEquals(Arrays.copyOfRange(payload, at, Math.min(at + 1000, payload.length)), part);
                at += part.length;
            }
            assertEquals(payload.length, at);
        }
    }

    @Test
    void largeFrameStaysWholeForADriverThatTakesIt() throws Exception {
        byte[] payload = TcpFrame.payload(60_000);
        try (Side a = new Side("tapa", 1, 0);
                Side b = new Side("tapb", 2, 0)) {
            a.send(TcpFrame.partial(payload, 1400));
            byte[] got = b.receive(1).get(0);
            assertEquals(NetHeader.FLAG_NEEDS_CSUM, got[0]);
            assertEquals(NetHeader.GSO_TCPV4, got[NetHeader.GSO_TYPE_OFFSET]);
            assertEquals(1, got[NetHeader.NUM_BUFFERS_OFFSET]);
            assertArrayEquals(payload, Arrays.copyOfRange(got, HEADER + TcpFrame.HEADERS, got.length));
        }
    }

    @Test
    void manyFramesBothWaysArriveInOrder() throws Exception {
        try (Side a = new Side("tapa", 1, 0);
                Side b = new Side("tapb", 2, 0)) {
            for (int i = 0; i < 100; i++) {
                byte[] payload = TcpFrame.payload(1 + i);
                a.send(TcpFrame.partial(payload, 0));
                byte[] got = b.receive(1).get(0);
                assertArrayEquals(payload, Arrays.copyOfRange(got, HEADER + TcpFrame.HEADERS, got.length));
                byte[] back = got.clone();
                System.arraycopy(got, HEADER, back, HEADER + 6, 6);
                System.arraycopy(got, HEADER + 6, back, HEADER, 6);
                b.send(back);
                assertEquals(got.length, a.receive(1).get(0).length);
            }
            assertEquals(100, a.counted("transmit.frames"));
            assertEquals(100, a.counted("receive.frames"));
        }
    }

    @Test
    void frameThatTheKernelRefusesIsCounted() throws Exception {
        try (Side a = new Side("tapa", 1, 0)) {
            namespace.run("ip link set dev tapa down");
            a.send(TcpFrame.partial(TcpFrame.payload(100), 0));
            assertEquals(1, a.counted("transmit.dropped"));
            assertEquals(List.of(), a.guest.faults());
        }
    }

    @Test
    void tapThatIsRemovedMeanwhileHurtsNobody() throws Exception {
        try (Side a = new Side("tapa", 1, 0)) {
            namespace.run("ip link del dev tapa");
            a.send(TcpFrame.partial(TcpFrame.payload(100), 0));
            assertEquals(1, a.counted("transmit.dropped"));
            a.guest.transport().pause();
            a.guest.start(VERSION_1);
            assertEquals(List.of(), a.guest.faults());
        }
    }

    @Test
    void moreFramesThanBuffersWaitInTheTap() throws Exception {
        try (Side a = new Side("tapa", 1, 0);
                Side b = new Side("tapb", 2, 0)) {
            b.guest.transport().pause();
            for (int i = 0; i < 20; i++) {
                a.send(TcpFrame.partial(TcpFrame.payload(100 + i), 0));
            }
            assertEquals(0, b.guest.usedIndex(NetDevice.RECEIVE));
            b.guest.transport().resume();
            for (int i = 0; i < 20; i++) {
                byte[] got = b.receive(1).get(0);
                assertEquals(HEADER + TcpFrame.HEADERS + 100 + i, got.length);
            }
        }
    }

    @Test
    void whatCannotBeOpenedIsNamed() {
        NativeException absent =
                assertThrows(NativeException.class, () -> namespace.call(() -> TapBackend.open("nothing")));
        assertEquals("open of tap nothing failed: ENODEV, no such device", absent.getMessage());
        assertThrows(IllegalArgumentException.class, () -> TapBackend.open("a-name-too-long-"));
        NativeException wrong = assertThrows(NativeException.class, () -> namespace.call(() -> TapBackend.open("br0")));
        assertEquals(Errno.EINVAL, wrong.errno());
        try (TapBackend first = namespace.call(() -> TapBackend.open("tapa"))) {
            NativeException busy =
                    assertThrows(NativeException.class, () -> namespace.call(() -> TapBackend.open("tapa")));
            assertEquals(Errno.EBUSY, busy.errno());
            assertEquals(NetFeatures.OFFLOADS, first.offloads());
        }
        namespace.call(() -> TapBackend.open("tapa")).close();
    }

    @Test
    void descriptorOfSomethingElseIsRefusedAndStaysOpen() {
        try (EventFd event = new EventFd()) {
            assertThrows(IllegalArgumentException.class, () -> new TapBackend(event.fd()));
            event.signal();
            assertTrue(event.drain());
        }
    }

    @Test
    void descriptorOpenedBeforehandWorksAnywhere() throws Exception {
        int fd = namespace.call(() -> TapBackend.openDescriptor("tapa"));
        try (TapBackend tap = new TapBackend(fd)) {
            assertEquals(fd, tap.readableFd());
            namespace.run("ip link set dev tapa up");
        }
        assertEquals(-1, Libc.C.fcntl(fd, 3, 0), "closed with the backend");
    }
}
