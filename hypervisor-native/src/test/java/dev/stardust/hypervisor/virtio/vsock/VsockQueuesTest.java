package dev.stardust.hypervisor.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.TestGuest;
import dev.stardust.hypervisor.virtio.TestQueue;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of queues that are full or wrong, step by step: the test's thread is the worker. */
class VsockQueuesTest {
    private static final int SIZE = 16;
    private static final long PACKET = 0x8_0000;
    private static final long BUFFER = 0x9_0000;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int PORT = 9;

    @TempDir
    Path dir;

    private final GuestMemory memory = GuestMemory.create(1 << 20);
    private VsockDevice device;
    private TestGuest guest;
    private List<TestQueue> queues;

    @BeforeEach
    void start() {
        device = new VsockDevice(3, dir.resolve("v"), 4);
        guest = new TestGuest(device, memory);
        queues = TestQueue.start(guest, memory, 3, SIZE, 0x1_0000);
    }

    @AfterEach
    void stop() {
        guest.close();
        device.close();
        memory.close();
    }

    private void offer(int op, int guestPort, byte[] payload) {
        byte[] bytes = new TestPacket(3, guestPort, 2, PORT, 1, op, 0, 1 << 20, 0, payload.length, payload).toBytes();
        memory.write(PACKET, bytes);
        queues.get(TRANSMIT).offer(PACKET, bytes.length, false);
    }

    private boolean transmit(int op, int guestPort) {
        offer(op, guestPort, new byte[0]);
        queues.get(TRANSMIT).serve();
        if (queues.get(TRANSMIT).used() == 0) {
            return false;
        }
        queues.get(TRANSMIT).take();
        return true;
    }

    private TestPacket receive(int bufferBytes) {
        TestQueue receive = queues.get(RECEIVE);
        receive.offer(BUFFER, bufferBytes, true);
        receive.serve();
        byte[] bytes = new byte[receive.usedLength()];
        memory.read(BUFFER, bytes);
        receive.take();
        return TestPacket.parse(bytes);
    }

    @Test
    void guestThatFetchesNoAnswersIsHeardNoMoreUntilItDoes() {
        int sent = 0;
        while (transmit(PacketHeader.RW, sent)) {
            sent++;
        }
        assertEquals(256, sent);
        guest.transport().notifyFd(TRANSMIT).drain();
        assertEquals(0, receive(100).dstPort(), "the first");
        assertTrue(guest.transport().notifyFd(TRANSMIT).drain(), "there is room again");
        queues.get(TRANSMIT).serve();
        assertEquals(1, queues.get(TRANSMIT).used());
        for (int i = 1; i <= 256; i++) {
            assertEquals(i, receive(100).dstPort());
        }
        assertEquals(0, guest.faults().size());
    }

    @Test
    void bufferWithoutRoomForPayloadStopsTheDevice() {
        transmit(PacketHeader.RW, 1);
        queues.get(RECEIVE).offer(BUFFER, 44, true);
        queues.get(RECEIVE).serve();
        assertEquals(1, guest.faults().size());
        String fault = guest.faults().get(0);
        assertTrue(fault.endsWith("a buffer for packets has 44 writable bytes, a header alone takes 44"), fault);
    }

    @Test
    void headerAndPayloadMayBeCutAnywhere() throws Exception {
        try (ServerSocketChannel server = HostProgram.listen(dir.resolve("v_" + PORT))) {
            transmit(PacketHeader.REQUEST, 7);
            assertEquals(PacketHeader.RESPONSE, receive(100).op());
            HostProgram program = HostProgram.accept(server);
            offer(PacketHeader.RW, 7, "0123456789".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            TestQueue transmit = queues.get(TRANSMIT);
            transmit.descriptor(1, PACKET, 43, TestGuest.NEXT, 2);
            transmit.descriptor(2, PACKET + 43, 0, TestGuest.NEXT, 3);
            transmit.descriptor(3, PACKET + 43, 4, TestGuest.NEXT, 4);
            transmit.descriptor(4, PACKET + 47, 7, 0, 0);
            transmit.serve();
            assertEquals("0123456789", program.readText(10));

            program.write("abcdefghij");
            TestQueue receive = queues.get(RECEIVE);
            receive.descriptor(5, BUFFER, 40, TestGuest.WRITE | TestGuest.NEXT, 6);
            receive.descriptor(6, BUFFER + 100, 7, TestGuest.WRITE | TestGuest.NEXT, 7);
            receive.descriptor(7, BUFFER + 200, 100, TestGuest.WRITE, 0);
            receive.offerHead(5);
            receive.serve();
            assertEquals(54, receive.usedLength());
            byte[] text = new byte[7];
            memory.read(BUFFER + 200, text);
            assertEquals("defghij", new String(text, java.nio.charset.StandardCharsets.US_ASCII));
            assertEquals('a', memory.getU8(BUFFER + 104));
            program.close();
        }
    }

    @Test
    void connectionsTakeTurnsWhateverTheyHave() throws Exception {
        try (ServerSocketChannel server = HostProgram.listen(dir.resolve("v_" + PORT))) {
            HostProgram[] programs = new HostProgram[3];
            for (int i = 0; i < 3; i++) {
                transmit(PacketHeader.REQUEST, i);
                assertEquals(PacketHeader.RESPONSE, receive(100).op());
                programs[i] = HostProgram.accept(server);
            }
            for (HostProgram program : programs) {
                program.write(new byte[1000]);
            }
            for (int i = 0; i < 9; i++) {
                TestPacket packet = receive(144);
                assertEquals(100, packet.length());
                assertEquals(i % 3, packet.dstPort());
            }
            for (HostProgram program : programs) {
                program.close();
            }
        }
    }

    @Test
    void nothingIsSentTwiceWithoutBuffers() throws Exception {
        HostProgram program = HostProgram.ask(dir.resolve("v"), 5);
        try (program) {
            queues.get(RECEIVE).serve();
            queues.get(RECEIVE).serve();
            assertEquals(PacketHeader.REQUEST, receive(100).op());
            queues.get(RECEIVE).offer(BUFFER, 100, true);
            queues.get(RECEIVE).serve();
            assertEquals(0, queues.get(RECEIVE).used());
        }
    }

    /** The guest's answer to a host program, or whatever it sends to that program's port. */
    private void answer(int op, int flags, TestPacket request) {
        int guestPort = request.dstPort();
        int hostPort = request.srcPort();
        byte[] bytes = new TestPacket(3, guestPort, 2, hostPort, 1, op, flags, 1 << 20, 0, 0, new byte[0]).toBytes();
        memory.write(PACKET, bytes);
        queues.get(TRANSMIT).offer(PACKET, bytes.length, false);
        queues.get(TRANSMIT).serve();
        queues.get(TRANSMIT).take();
    }

    /** A connection that a host program gave up while the guest was thinking: the guest is about to be told. */
    private TestPacket givenUp() throws Exception {
        HostProgram program = HostProgram.ask(dir.resolve("v"), 5);
        queues.get(RECEIVE).serve();
        TestPacket request = receive(100);
        assertEquals(PacketHeader.REQUEST, request.op());
        program.close();
        queues.get(RECEIVE).serve();
        assertEquals(1, device.connections());
        return request;
    }

    @Test
    void guestThatResetsWhatWasGivenUpIsToldNothing() throws Exception {
        answer(PacketHeader.RST, 0, givenUp());
        assertEquals(0, device.connections());
        queues.get(RECEIVE).offer(BUFFER, 100, true);
        queues.get(RECEIVE).serve();
        assertEquals(0, queues.get(RECEIVE).used());
    }

    @Test
    void guestThatEndsWhatWasGivenUpIsToldOfTheReset() throws Exception {
        for (int flags : new int[] {PacketHeader.NO_SEND, PacketHeader.NEITHER}) {
            answer(PacketHeader.SHUTDOWN, flags, givenUp());
            assertEquals(PacketHeader.RST, receive(100).op());
            assertEquals(0, device.connections());
        }
    }

    @Test
    void guestThatAcceptsWhatWasGivenUpIsReset() throws Exception {
        HostProgram program = HostProgram.ask(dir.resolve("v"), 5);
        queues.get(RECEIVE).serve();
        TestPacket request = receive(100);
        program.close();
        // The device has not looked at the socket since.
        answer(PacketHeader.RESPONSE, 0, request);
        assertEquals(PacketHeader.RST, receive(100).op());
        assertEquals(0, device.connections());
        assertEquals(0, device.metrics().counters().get("connections.opened"));
    }

    @Test
    void hostProgramThatSaysNothingAndLeavesTakesNoPlace() throws Exception {
        try (HostProgram program = HostProgram.connect(dir.resolve("v"))) {
            queues.get(RECEIVE).serve();
            assertEquals(1, device.connections());
            program.endWriting();
            queues.get(RECEIVE).serve();
            assertEquals(0, device.connections());
        }
    }

    /** Accepting them all at once would keep the worker from others. */
    @Test
    void hostProgramsBeyondTheFirstFewAreAcceptedInTheNextTurn() throws Exception {
        List<HostProgram> programs = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            programs.add(HostProgram.connect(dir.resolve("v")));
        }
        guest.transport().notifyFd(RECEIVE).drain();
        queues.get(RECEIVE).serve();
        assertTrue(guest.transport().notifyFd(RECEIVE).drain(), "there may be more");
        queues.get(RECEIVE).serve();
        assertFalse(guest.transport().notifyFd(RECEIVE).drain());
        assertEquals(4, device.connections());
        assertEquals(12, device.metrics().counters().get("connections.refused"));
        for (HostProgram program : programs) {
            program.close();
        }
    }
}
