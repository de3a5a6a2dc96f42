package dev.stardust.hypervisor.virtio.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Errno;
import dev.stardust.hypervisor.limit.Rate;
import dev.stardust.hypervisor.limit.RateLimit;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NetDeviceTest {
    private static final byte[] MAC = HexFormat.of().parseHex("025344000102");
    private static final int HEADER = NetBackend.HEADER_BYTES;
    private static final long DATA = 0x1_0000;
    private static final long VERSION_1 = 1L << 32;
    private static final int CONFIG = 0x100;
    private static final int RECEIVE = NetDevice.RECEIVE;
    private static final int TRANSMIT = NetDevice.TRANSMIT;
    private static final int CONTROL = NetDevice.CONTROL;

    private final MemoryNet net = new MemoryNet();
    private final AtomicLong clockNs = new AtomicLong();
    private GuestMemory memory;
    private NetDevice device;
    private TestGuest guest;

    @BeforeEach
    void start() {
        memory = GuestMemory.create(1 << 20);
        device = new NetDevice(net, new NetSettings(MAC, 1500), clockNs::get);
        guest = new TestGuest(device, memory).start();
    }

    @AfterEach
    void stop() {
        guest.close();
        device.close();
        memory.close();
        net.close();
    }

    private void restartWith(long features) {
        guest.close();
        memory.close();
        memory = GuestMemory.create(1 << 20);
        guest = new TestGuest(device, memory).start(features);
    }

    /** A header of zeros and a frame of anything. */
    private static byte[] frame(int bytes) {
        byte[] frame = new byte[HEADER + bytes];
        new Random(bytes).nextBytes(frame);
        Arrays.fill(frame, 0, HEADER, (byte) 0);
        return frame;
    }

    private static byte[] withBuffers(byte[] frame, int buffers) {
        byte[] same = frame.clone();
        same[NetHeader.NUM_BUFFERS_OFFSET] = (byte) buffers;
        return same;
    }

    private void offerBuffer(int index, long bytes) {
        guest.descriptor(RECEIVE, index, DATA + index * 0x1_0000L, bytes, TestGuest.WRITE, 0);
        guest.offer(RECEIVE, index);
    }

    private byte[] buffer(int index, int bytes) {
        byte[] found = new byte[bytes];
        memory.read(DATA + index * 0x1_0000L, found);
        return found;
    }

    private void send(byte[] frame) {
        memory.write(DATA, frame);
        guest.descriptor(TRANSMIT, 0, DATA, frame.length, 0, 0);
        guest.submit(TRANSMIT, 0);
    }

    private int command(int kind, int command, byte[] data) {
        memory.putU8(DATA, kind);
        memory.putU8(DATA + 1, command);
        memory.write(DATA + 2, data);
        memory.putU8(DATA + 0x8000, 0xff);
        guest.descriptor(CONTROL, 0, DATA, 2, TestGuest.NEXT, 1);
        guest.descriptor(CONTROL, 1, DATA + 2, data.length, TestGuest.NEXT, 2);
        guest.descriptor(CONTROL, 2, DATA + 0x8000, 1, TestGuest.WRITE, 0);
        guest.submit(CONTROL, 0);
        return memory.getU8(DATA + 0x8000);
    }

    private long counted(String name) {
        return device.metrics().counters().get(name);
    }

    @Test
    void configurationTellsAddressLinkAndMtu() {
        byte[] mac = new byte[6];
        for (int i = 0; i < mac.length; i++) {
            mac[i] = (byte) guest.transport().read(CONFIG + i, 1);
        }
        assertArrayEquals(MAC, mac);
        assertEquals(1, guest.transport().read(CONFIG + 6, 2));
        assertEquals(1500, guest.transport().read(CONFIG + 10, 2));
        assertEquals(0, guest.transport().read(CONFIG + 12, 4));
    }

    @Test
    void receivedFrameFillsABufferAndMarksItsPages() {
        byte[] frame = frame(1514);
        memory.deviceDirty().clear();
        offerBuffer(3, 2048);
        net.arrive(frame);
        guest.serve(RECEIVE);
        assertEquals(1, guest.usedIndex(RECEIVE));
        assertEquals(3, guest.usedId(0));
        assertEquals(frame.length, guest.usedLength(RECEIVE, 0));
        assertArrayEquals(withBuffers(frame, 1), buffer(3, frame.length));
        assertTrue(memory.deviceDirty().get((DATA + 3 * 0x1_0000L) >> 12));
        assertEquals(1, counted("receive.frames"));
        assertEquals(1514, counted("receive.bytes"));
    }

    @Test
    void largeFrameIsSpreadOverBuffersThatAppearTogether() {
        byte[] frame = frame(5000);
        net.arrive(frame);
        offerBuffer(0, 2000);
        guest.serve(RECEIVE);
        offerBuffer(1, 2000);
        guest.serve(RECEIVE);
        assertEquals(0, guest.usedIndex(RECEIVE), "nothing is shown before all of it fits");
        offerBuffer(2, 2000);
        offerBuffer(4, 2000);
        guest.serve(RECEIVE);
        assertEquals(3, guest.usedIndex(RECEIVE));
        byte[] expected = withBuffers(frame, 3);
        assertArrayEquals(Arrays.copyOfRange(expected, 0, 2000), buffer(0, 2000));
        assertArrayEquals(Arrays.copyOfRange(expected, 2000, 4000), buffer(1, 2000));
        assertArrayEquals(Arrays.copyOfRange(expected, 4000, 5012), buffer(2, 1012));
        assertEquals(
                List.of(2000L, 2000L, 1012L),
                List.of(guest.usedLength(RECEIVE, 0), guest.usedLength(RECEIVE, 1), guest.usedLength(RECEIVE, 2)));
        net.arrive(frame(100));
        guest.serve(RECEIVE);
        assertEquals(4, guest.usedIndex(RECEIVE));
        assertEquals(4, guest.usedId(3), "the buffer that was not needed");
    }

    @Test
    void bufferMayBeCutInsideTheHeader() {
        byte[] frame = frame(60);
        guest.descriptor(RECEIVE, 0, DATA, 11, TestGuest.NEXT | TestGuest.WRITE, 1);
        guest.descriptor(RECEIVE, 1, DATA + 0x100, 0, TestGuest.NEXT | TestGuest.WRITE, 2);
        guest.descriptor(RECEIVE, 2, DATA + 0x200, 500, TestGuest.WRITE, 0);
        net.arrive(frame);
        guest.submit(RECEIVE, 0);
        byte[] head = new byte[11];
        byte[] tail = new byte[frame.length - 11];
        memory.read(DATA, head);
        memory.read(DATA + 0x200, tail);
        assertArrayEquals(Arrays.copyOf(withBuffers(frame, 1), 11), head);
        assertArrayEquals(Arrays.copyOfRange(frame, 11, frame.length), tail);
    }

    @Test
    void framesWaitInTheNetworkWhileThereIsNoBuffer() {
        for (int i = 0; i < 5; i++) {
            net.arrive(frame(100 + i));
        }
        guest.serve(RECEIVE);
        assertEquals(5, net.waiting());
        offerBuffer(0, 2048);
        offerBuffer(1, 2048);
        guest.serve(RECEIVE);
        assertEquals(2, guest.usedIndex(RECEIVE));
        assertEquals(3, net.waiting());
        assertEquals(0, counted("receive.dropped"));
    }

    @Test
    void frameThatNoSetOfBuffersCanHoldIsDropped() {
        for (int i = 0; i < TestGuest.QUEUE_SIZE; i++) {
            offerBuffer(i, 100);
        }
        net.arrive(frame(1000));
        net.arrive(frame(50));
        guest.serve(RECEIVE);
        assertEquals(1, counted("receive.dropped"));
        assertEquals(1, guest.usedIndex(RECEIVE));
        assertEquals(62, guest.usedLength(RECEIVE, 0));
    }

    /** Filling the first buffer cuts the second, which lies in the descriptor that was counted before. */
    @Test
    void buffersThatShrinkWhileTheyAreFilledAreAFault() {
        long second = TestGuest.descriptors(RECEIVE) + 16;
        guest.descriptor(RECEIVE, 0, second - HEADER, HEADER + 12, TestGuest.WRITE, 0);
        guest.descriptor(RECEIVE, 1, DATA, 3000, TestGuest.WRITE, 0);
        guest.offer(RECEIVE, 0);
        guest.offer(RECEIVE, 1);
        byte[] frame = frame(1514);
        // As a descriptor: guest address 0x10000, 16 bytes.
        Arrays.fill(frame, HEADER, HEADER + 12, (byte) 0);
        frame[HEADER + 2] = 1;
        frame[HEADER + 8] = 16;
        net.arrive(frame);
        guest.serve(RECEIVE);
        assertEquals(
                List.of("virtio device 1 stopped until its driver resets it: queue 0:"
                        + " receive buffers changed while they were filled"),
                guest.faults());
        assertEquals(0, guest.usedIndex(RECEIVE), "nothing of the frame is shown");
        assertEquals(0, memory.getU8(DATA + 16), "nothing is written behind the buffer as it is now");
    }

    @Test
    void driverThatCannotMergeLosesWhatItsBufferCannotHold() {
        restartWith(VERSION_1);
        offerBuffer(0, 1526);
        net.arrive(frame(1515));
        net.arrive(frame(1514));
        guest.serve(RECEIVE);
        assertEquals(1, counted("receive.dropped"));
        assertEquals(1, guest.usedIndex(RECEIVE));
        assertArrayEquals(withBuffers(frame(1514), 1), buffer(0, 1526));
    }

    @Test
    void frameLongerThanAnyIsDropped() {
        for (int i = 0; i < 4; i++) {
            offerBuffer(i, 0x8000);
        }
        net.arrive(frame(NetBackend.MAX_BYTES - HEADER + 1));
        net.arrive(frame(NetBackend.MAX_BYTES - HEADER));
        guest.serve(RECEIVE);
        assertEquals(1, counted("receive.dropped"));
        assertEquals(3, guest.usedIndex(RECEIVE));
    }

    @Test
    void frameForADriverThatAgreedToMoreIsDropped() {
        restartWith(VERSION_1);
        byte[] partial = frame(100);
        partial[0] = NetHeader.FLAG_NEEDS_CSUM;
        byte[] large = frame(100);
        large[NetHeader.GSO_TYPE_OFFSET] = NetHeader.GSO_TCPV4;
        byte[] checked = frame(100);
        checked[0] = 2; // the host found its checksum right
        offerBuffer(0, 2048);
        for (byte[] frame : List.of(partial, large, checked)) {
            net.arrive(frame);
        }
        guest.serve(RECEIVE);
        assertEquals(2, counted("receive.dropped"));
        assertEquals(1, guest.usedIndex(RECEIVE));
        assertEquals(0, memory.getU8(DATA), "no flag without GUEST_CSUM");
    }

    @Test
    void sentFrameLeavesAsItWasGathered() {
        byte[] frame = frame(300);
        memory.write(DATA, Arrays.copyOf(frame, 5));
        memory.write(DATA + 0x1000, Arrays.copyOfRange(frame, 5, 40));
        memory.write(DATA + 0x2000, Arrays.copyOfRange(frame, 40, frame.length));
        guest.descriptor(TRANSMIT, 6, DATA, 5, TestGuest.NEXT, 2);
        guest.descriptor(TRANSMIT, 2, DATA + 0x1000, 35, TestGuest.NEXT, 3);
        guest.descriptor(TRANSMIT, 3, DATA + 0x2000, frame.length - 40, 0, 0);
        guest.submit(TRANSMIT, 6);
        assertEquals(1, net.sent().size());
        assertArrayEquals(frame, net.sent().get(0));
        assertEquals(1, guest.usedIndex(TRANSMIT));
        assertEquals(0, guest.usedLength(TRANSMIT, 0));
        assertEquals(300, counted("transmit.bytes"));
    }

    @Test
    void framesOutsideTheLimitsAreUsedUpAndCounted() {
        send(frame(13));
        send(Arrays.copyOf(frame(100), 11));
        guest.descriptor(TRANSMIT, 0, DATA, NetBackend.MAX_BYTES + 1, 0, 0);
        guest.submit(TRANSMIT, 0);
        byte[] wild = frame(100);
        wild[0] = NetHeader.FLAG_NEEDS_CSUM;
        wild[NetHeader.CSUM_START_OFFSET] = 99;
        send(wild);
        assertEquals(4, guest.usedIndex(TRANSMIT));
        assertEquals(4, counted("transmit.dropped"));
        assertEquals(0, net.sent().size());
        assertEquals(List.of(), guest.faults());
        send(frame(14));
        assertEquals(1, net.sent().size());
    }

    @Test
    void frameThatIsNotTakenNowIsSentLater() {
        net.setRoom(0);
        send(frame(100));
        assertEquals(0, guest.usedIndex(TRANSMIT));
        net.setRoom(1);
        guest.serve(TRANSMIT);
        assertEquals(1, guest.usedIndex(TRANSMIT));
        assertArrayEquals(frame(100), net.sent().get(0));
        assertEquals(0, counted("transmit.dropped"));
    }

    @Test
    void failingNetworkLosesFramesAndNothingMore() {
        net.failWith(Errno.EIO);
        offerBuffer(0, 2048);
        guest.serve(RECEIVE);
        send(frame(100));
        net.failWith(0);
        send(frame(101));
        assertEquals(1, counted("transmit.dropped"));
        assertArrayEquals(frame(101), net.sent().get(0));
        net.arrive(frame(102));
        guest.serve(RECEIVE);
        assertEquals(1, guest.usedIndex(RECEIVE));
        assertEquals(List.of(), guest.faults());
    }

    @Test
    void offloadsInUseAreThoseThatTheDriverAccepted() {
        assertEquals(NetFeatures.OFFLOADS, net.offloadsInUse());
        restartWith(VERSION_1 | NetFeatures.GUEST_CSUM | NetFeatures.MAC);
        assertEquals(NetFeatures.GUEST_CSUM, net.offloadsInUse());
    }

    @Test
    void receiveModesAndTablesAreAccepted() {
        assertEquals(ControlHandler.OK, command(ControlHandler.CLASS_RX, ControlHandler.RX_PROMISCUOUS, new byte[1]));
        assertEquals(ControlHandler.OK, command(ControlHandler.CLASS_RX, ControlHandler.RX_ALL_MULTICAST, new byte[1]));
        byte[] tables = new byte[4 + 6 + 4 + 12];
        tables[0] = 1;
        tables[10] = 2;
        assertEquals(ControlHandler.OK, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_TABLE_SET, tables));
        assertEquals(ControlHandler.OK, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_TABLE_SET, new byte[8]));
    }

    @Test
    void malformedAndUnknownCommandsAreRefused() {
        byte[] tables = new byte[4 + 6 + 4];
        for (int addresses : new int[] {0, 2, -1}) {
            tables[0] = (byte) addresses;
            tables[3] = (byte) addresses;
            assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_TABLE_SET, tables));
        }
        assertEquals(
                ControlHandler.ERROR, command(ControlHandler.CLASS_RX, ControlHandler.RX_PROMISCUOUS, new byte[2]));
        assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_RX, 2, new byte[1]));
        assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_ANNOUNCE, 1, new byte[0]));
        assertEquals(ControlHandler.ERROR, command(4, 0, new byte[2]));
        assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_ADDR_SET, new byte[5]));
        byte[] multicast = {1, 0, 0, 0, 0, 0};
        assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_ADDR_SET, multicast));
        byte[] tooLong = new byte[ControlHandler.MAX_BYTES];
        assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_TABLE_SET, tooLong));
        guest.descriptor(CONTROL, 5, DATA + 0x8000, 1, TestGuest.WRITE, 0);
        guest.submit(CONTROL, 5);
        assertEquals(ControlHandler.ERROR, memory.getU8(DATA + 0x8000));
        assertEquals(List.of(), guest.faults());
    }

    @Test
    void commandsThatWereNotAgreedOnAreRefused() {
        restartWith(VERSION_1 | NetFeatures.CTRL_VQ);
        assertEquals(
                ControlHandler.ERROR, command(ControlHandler.CLASS_RX, ControlHandler.RX_PROMISCUOUS, new byte[1]));
        assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_ADDR_SET, new byte[6]));
        assertEquals(ControlHandler.ERROR, command(ControlHandler.CLASS_ANNOUNCE, 0, new byte[0]));
    }

    @Test
    void addressThatTheDriverSetsStaysUntilReset() {
        byte[] other = HexFormat.of().parseHex("0a0b0c0d0e0f");
        assertEquals(ControlHandler.OK, command(ControlHandler.CLASS_MAC, ControlHandler.MAC_ADDR_SET, other));
        assertEquals(0x0f0e, guest.transport().read(CONFIG + 4, 2));
        restartWith(VERSION_1);
        assertEquals(0x0201, guest.transport().read(CONFIG + 4, 2));
    }

    @Test
    void pulledCableIsToldAndLosesFrames() {
        guest.interrupt().drain();
        device.setLink(false);
        assertTrue(guest.interrupt().drain());
        assertEquals(0, guest.transport().read(CONFIG + 6, 2));
        offerBuffer(0, 2048);
        net.arrive(frame(100));
        guest.serve(RECEIVE);
        send(frame(100));
        assertEquals(1, counted("receive.dropped"));
        assertEquals(1, counted("transmit.dropped"));
        assertEquals(0, net.sent().size());
        device.setLink(true);
        assertEquals(1, guest.transport().read(CONFIG + 6, 2));
        net.arrive(frame(100));
        guest.serve(RECEIVE);
        assertEquals(1, guest.usedIndex(RECEIVE));
    }

    @Test
    void restoredDriverIsAskedToAnnounceItsAddressUntilItDid() {
        byte[] other = HexFormat.of().parseHex("0a0b0c0d0e0f");
        command(ControlHandler.CLASS_MAC, ControlHandler.MAC_ADDR_SET, other);
        assertEquals(1, guest.transport().read(CONFIG + 6, 2));
        guest.transport().pause();
        byte[] state = guest.transport().save();
        try (MemoryNet elsewhere = new MemoryNet();
                NetDevice there = new NetDevice(elsewhere, new NetSettings(MAC, 1500));
                TestGuest same = new TestGuest(there, memory)) {
            same.transport().restore(state);
            same.interrupt().drain();
            same.transport().resume();
            same.serve(CONTROL);
            assertTrue(same.interrupt().drain());
            assertEquals(3, same.transport().read(CONFIG + 6, 2));
            assertEquals(0x0f0e, same.transport().read(CONFIG + 4, 2));
            assertEquals(NetFeatures.OFFLOADS, elsewhere.offloadsInUse());
            guest = swap(same);
            assertEquals(ControlHandler.OK, command(ControlHandler.CLASS_ANNOUNCE, 0, new byte[0]));
            assertEquals(1, same.transport().read(CONFIG + 6, 2));
            send(frame(77));
            assertArrayEquals(frame(77), elsewhere.sent().get(0));
        }
    }

    private TestGuest swap(TestGuest other) {
        guest.close();
        return other;
    }

    @Test
    void stateOfAnotherMtuIsRefused() {
        guest.transport().pause();
        byte[] state = guest.transport().save();
        try (NetDevice there = new NetDevice(net, new NetSettings(MAC, 9000));
                TestGuest other = new TestGuest(there, memory)) {
            Exception e = assertThrows(
                    IllegalArgumentException.class, () -> other.transport().restore(state));
            assertTrue(e.getMessage().contains("an MTU of 1500, this one has 9000"), e.getMessage());
        }
    }

    @Test
    void limitsHoldFramesBackUntilTheyArePaidFor() {
        RateLimit twoFramesPerSecond = new RateLimit(Rate.UNLIMITED, new Rate(2, 2, 0));
        device.setLimits(twoFramesPerSecond, twoFramesPerSecond);
        for (int i = 0; i < 3; i++) {
            offerBuffer(i, 2048);
            net.arrive(frame(100));
        }
        guest.serve(RECEIVE);
        assertEquals(2, guest.usedIndex(RECEIVE));
        for (int i = 0; i < 3; i++) {
            send(frame(100));
        }
        assertEquals(2, guest.usedIndex(TRANSMIT));
        clockNs.addAndGet(500_000_000);
        guest.serve(RECEIVE);
        net.setRoom(0);
        guest.serve(TRANSMIT);
        assertEquals(3, guest.usedIndex(RECEIVE));
        assertEquals(2, guest.usedIndex(TRANSMIT));
        net.setRoom(1);
        guest.serve(TRANSMIT);
        assertEquals(3, guest.usedIndex(TRANSMIT), "what was paid for is not paid for again");
        assertTrue(counted("receive.throttled") > 0 && counted("transmit.throttled") > 0);
        assertFalse(counted("receive.dropped") + counted("transmit.dropped") > 0);
    }

    @Test
    void impossibleSettingsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new NetSettings(new byte[5], 1500));
        assertThrows(IllegalArgumentException.class, () -> new NetSettings(new byte[] {1, 0, 0, 0, 0, 0}, 1500));
        assertThrows(IllegalArgumentException.class, () -> new NetSettings(MAC, 67));
        assertThrows(IllegalArgumentException.class, () -> new NetSettings(MAC, 65_536));
    }
}
