package dev.stardust.hypervisor.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.virtio.TestGuest;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class VsockDeviceTest {
    private static final int PORT = 52;
    private static final int WINDOW = 32 << 10;
    private static final int MAX_CONNECTIONS = 8;

    @TempDir
    Path dir;

    private Path socket;
    private VsockGuest guest;

    @BeforeEach
    void start() {
        socket = dir.resolve("v.sock");
        guest = VsockGuest.start(socket, MAX_CONNECTIONS);
    }

    @AfterEach
    void stop() {
        assertEquals(0, guest.driver().faults().size(), guest.driver().faults()::toString);
        guest.close();
        assertFalse(Files.exists(socket));
    }

    private Path portSocket(int port) {
        return dir.resolve("v.sock_" + port);
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private TestPacket packet(int op, int guestPort, int hostPort) {
        return new TestPacket(VsockGuest.CID, guestPort, 2, hostPort, 1, op, 0, WINDOW, 0, 0, new byte[0]);
    }

    private long counted(String name) {
        return guest.device().metrics().counters().get(name);
    }

    @Test
    void hostProgramReachesAPortOfTheGuest() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        try (HostProgram program = HostProgram.ask(socket, PORT)) {
            program.write("early");
            GuestStream stream = GuestStream.accept(guest, PORT, WINDOW);
            assertEquals("OK " + stream.hostPort() + "\n", program.readText(14));
            stream.awaitReceived(5);
            assertEquals("early", new String(stream.received(), java.nio.charset.StandardCharsets.US_ASCII));
            stream.writeAll("answer".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertEquals("answer", program.readText(6));
        }
        assertEquals(1, counted("connections.opened"));
        assertEquals(5, counted("to.guest.bytes"));
        assertEquals(6, counted("from.guest.bytes"));
    }

    @Test
    void lineMayComeInPiecesAndInSmallLetters() throws IOException {
        try (HostProgram program = HostProgram.connect(socket)) {
            for (String piece : "connect 4294967294".split("")) {
                program.write(piece);
                assertNull(guest.poll());
            }
            program.write("\n");
            assertEquals(-2, guest.expect(PacketHeader.REQUEST).dstPort());
        }
    }

    @Test
    void hostProgramThatSaysSomethingElseIsCutOff() throws IOException {
        for (String line : new String[] {"HELLO 52\n", "CONNECT x\n", "CONNECT \n", "CONNECT 4294967296\n"}) {
            try (HostProgram program = HostProgram.connect(socket)) {
                program.write(line);
                // With bytes left unread at the other side the end comes as a reset.
                assertTrue(endsOrFails(program), line);
            }
        }
        try (HostProgram program = HostProgram.connect(socket)) {
            program.write("CONN");
            program.endWriting();
            assertTrue(endsOrFails(program));
        }
        assertNull(guest.poll());
    }

    private static boolean endsOrFails(HostProgram program) {
        try {
            return program.atEnd();
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void guestReachesAHostProgram() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server)) {
                program.write("hi");
                stream.awaitReceived(2);
                stream.writeAll(new byte[] {1, 2, 3});
                assertArrayEquals(new byte[] {1, 2, 3}, program.read(3));
            }
        }
    }

    @Test
    void connectionIsRefusedWhereNobodyListens() {
        guest.send(packet(PacketHeader.REQUEST, 1000, PORT));
        TestPacket answer = guest.expect(PacketHeader.RST);
        assertEquals(PORT, answer.srcPort());
        assertEquals(1000, answer.dstPort());
        assertEquals(1, counted("connections.refused"));
    }

    @Test
    void guestRefusesAHostProgram() throws IOException {
        try (HostProgram program = HostProgram.ask(socket, PORT)) {
            TestPacket request = guest.expect(PacketHeader.REQUEST);
            guest.send(packet(PacketHeader.RST, PORT, request.srcPort()));
            assertTrue(program.atEnd());
        }
    }

    @Test
    void megabytesGoBothWaysThroughSmallWindows() throws IOException, InterruptedException {
        byte[] bytes = random(4 << 20, 1);
        for (int window : new int[] {1000, 4096, 200_000}) {
            try (ServerSocketChannel server = HostProgram.listen(portSocket(window))) {
                GuestStream stream = GuestStream.connect(guest, window, window, window);
                try (HostProgram program = HostProgram.accept(server)) {
                    Thread echo = program.echo(8192);
                    int length = window == 1000 ? bytes.length / 16 : bytes.length;
                    stream.writeAll(Arrays.copyOf(bytes, length));
                    stream.awaitReceived(length);
                    assertArrayEquals(Arrays.copyOf(bytes, length), stream.received());
                    stream.send(PacketHeader.SHUTDOWN, PacketHeader.NO_SEND, new byte[0]);
                    echo.join();
                    // Both ends have ended by now, one after the other.
                    while (stream.hostEnded() != PacketHeader.NEITHER) {
                        stream.pump();
                    }
                }
            }
        }
    }

    @Test
    void hostProgramThatDoesNotReadHoldsUpNobodyElse() throws IOException {
        byte[] bytes = random(2 << 20, 2);
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream slow = GuestStream.connect(guest, 1000, PORT, WINDOW);
            HostProgram lazy = HostProgram.accept(server);
            int sent = 0;
            for (int written = 1; written > 0; sent += written) {
                written = slow.write(bytes, sent);
                if (written == 0) {
                    // Nothing else may come but what tells of room.
                    TestPacket packet = poll(200);
                    if (packet != null) {
                        slow.note(packet);
                        written = slow.write(bytes, sent);
                    }
                }
            }
            assertTrue(sent < 1 << 20, "the host holds " + sent + " bytes");
            GuestStream other = GuestStream.connect(guest, 1001, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server)) {
                program.write("x");
                other.awaitReceived(1);
            }
            other.pump();
            assertArrayEquals(Arrays.copyOf(bytes, sent), lazy.read(sent));
            lazy.close();
        }
    }

    private TestPacket poll(int ms) {
        long end = System.nanoTime() + ms * 1_000_000L;
        TestPacket packet = guest.poll();
        while (packet == null && System.nanoTime() < end) {
            packet = guest.poll();
        }
        return packet;
    }

    @Test
    void guestThatGivesNoRoomGetsNothing() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream.connect(guest, 1000, PORT, 0);
            try (HostProgram program = HostProgram.accept(server)) {
                program.write("x");
                guest.expect(PacketHeader.CREDIT_REQUEST);
                assertNull(poll(50), "asked once is enough");
                TestPacket boast = new TestPacket(
                        VsockGuest.CID, 1000, 2, PORT, 1, PacketHeader.CREDIT_UPDATE, 0, 10, 11, 0, new byte[0]);
                guest.send(boast);
                assertNull(poll(50), "a guest that took more than it was sent has no room");
                guest.send(packet(PacketHeader.CREDIT_UPDATE, 1000, PORT));
                assertEquals(1, guest.expect(PacketHeader.RW).length());
            }
        }
    }

    @Test
    void guestIsToldOfRoomWhenItAsks() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server)) {
                stream.writeAll(new byte[7]);
                stream.send(PacketHeader.CREDIT_REQUEST, 0, new byte[0]);
                TestPacket update = guest.expect(PacketHeader.CREDIT_UPDATE);
                assertEquals(7, update.fwdCnt());
                assertEquals(Connection.WINDOW_BYTES, update.bufAlloc());
                assertEquals(7, program.read(7).length);
            }
        }
    }

    @Test
    void eachSideEndsOnItsOwn() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server)) {
                stream.writeAll(new byte[100]);
                stream.send(PacketHeader.SHUTDOWN, PacketHeader.NO_SEND, new byte[0]);
                assertEquals(100, program.read(200).length, "the end follows the bytes");
                program.write("still");
                stream.awaitReceived(5);
                program.write("more");
                program.endWriting();
                stream.awaitReceived(9);
                while (stream.hostEnded() != PacketHeader.NEITHER) {
                    stream.pump();
                }
            }
        }
    }

    @Test
    void hostProgramThatEndsWritingStillReads() throws IOException {
        try (HostProgram program = HostProgram.ask(socket, PORT)) {
            program.write("question");
            program.endWriting();
            GuestStream stream = GuestStream.accept(guest, PORT, WINDOW);
            stream.awaitReceived(8);
            assertEquals(PacketHeader.NO_SEND, stream.pump().flags());
            stream.writeAll(new byte[50_000]);
            stream.send(PacketHeader.SHUTDOWN, PacketHeader.NEITHER, new byte[0]);
            assertEquals(14 + 50_000, program.read(100_000).length);
            while (!stream.isReset()) {
                stream.pump();
            }
        }
    }

    @Test
    void guestThatReadsNoMoreFailsTheHostProgramsWrites() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            HostProgram program = HostProgram.accept(server);
            stream.send(PacketHeader.SHUTDOWN, PacketHeader.NO_RECEIVE, new byte[0]);
            byte[] some = new byte[4096];
            assertThrows(IOException.class, () -> {
                while (true) {
                    program.write(some);
                }
            });
            stream.writeAll(new byte[10]);
            assertEquals(10, program.read(10).length, "it still reads");
            program.close();
            while (stream.hostEnded() != PacketHeader.NEITHER) {
                stream.pump();
            }
        }
    }

    @Test
    void whatTheGuestSentBeforeItEndedArrives() throws IOException {
        byte[] bytes = random(Connection.WINDOW_BYTES, 3);
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server)) {
                int total = 0;
                for (int written = 1; written > 0; total += written) {
                    TestPacket packet = poll(100);
                    if (packet != null) {
                        stream.note(packet);
                    }
                    written = stream.write(bytes, 0);
                }
                stream.send(PacketHeader.SHUTDOWN, PacketHeader.NEITHER, new byte[0]);
                while (!stream.isReset()) {
                    stream.pump();
                }
                // The port is free again, the old connection's bytes are still on their way.
                GuestStream next = GuestStream.connect(guest, 1000, PORT, WINDOW);
                assertFalse(next.isReset());
                assertEquals(total, program.read(Integer.MAX_VALUE >> 8).length);
            }
        }
    }

    @Test
    void deathOfAHostProgramEndsItsConnection() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            HostProgram program = HostProgram.accept(server);
            program.write("last words");
            program.close();
            stream.awaitReceived(10);
            // The end of its words may be seen, and told, before its death is.
            while (stream.hostEnded() != PacketHeader.NEITHER) {
                stream.pump();
            }
            stream.send(PacketHeader.RW, 0, new byte[5]);
            assertEquals(PacketHeader.RST, guest.next().op(), "nobody knows it any more");
        }
    }

    @Test
    void deathOfAHostProgramThatHadNotReadIsAReset() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            HostProgram program = HostProgram.accept(server);
            stream.writeAll(new byte[200]);
            VsockGuest.awaitTrue("the bytes", () -> counted("from.guest.bytes") == 200);
            program.close();
            stream.pump();
            assertTrue(stream.isReset() || stream.hostEnded() == PacketHeader.NEITHER);
        }
    }

    @Test
    void hostProgramThatGivesUpBeforeTheGuestAnsweredIsReset() throws IOException {
        HostProgram program = HostProgram.ask(socket, PORT);
        TestPacket request = guest.expect(PacketHeader.REQUEST);
        program.close();
        assertEquals(request.srcPort(), guest.expect(PacketHeader.RST).srcPort());
        guest.send(packet(PacketHeader.RESPONSE, PORT, request.srcPort()));
        guest.expect(PacketHeader.RST);
    }

    @Test
    void resetByTheGuestEndsTheHostProgramsConnection() throws IOException {
        try (HostProgram program = HostProgram.ask(socket, PORT)) {
            GuestStream stream = GuestStream.accept(guest, PORT, WINDOW);
            assertEquals(14, program.read(14).length);
            stream.send(PacketHeader.RST, 0, new byte[0]);
            assertTrue(program.atEnd());
            assertEquals(1, counted("connections.reset"));
        }
    }

    @Test
    void thousandsOfConnectionsLeaveNothingBehind() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            for (int i = 0; i < 2000; i++) {
                GuestStream stream = GuestStream.connect(guest, 1000 + i, PORT, WINDOW);
                try (HostProgram program = HostProgram.accept(server)) {
                    if (i % 2 == 0) {
                        stream.send(PacketHeader.SHUTDOWN, PacketHeader.NEITHER, new byte[0]);
                        assertTrue(program.atEnd());
                    }
                }
                while (!stream.isReset() && stream.hostEnded() != PacketHeader.NEITHER) {
                    stream.pump();
                }
            }
            for (int i = 0; i < 1000; i++) {
                try (HostProgram program = HostProgram.ask(socket, PORT)) {
                    TestPacket request = guest.expect(PacketHeader.REQUEST);
                    guest.send(packet(PacketHeader.RST, PORT, request.srcPort()));
                    assertTrue(program.atEnd());
                }
            }
        }
        assertEquals(2000, counted("connections.opened"));
    }

    @Test
    void moreConnectionsThanThereIsRoomForAreRefused() throws IOException {
        HostProgram[] programs = new HostProgram[MAX_CONNECTIONS];
        for (int i = 0; i < MAX_CONNECTIONS; i++) {
            programs[i] = HostProgram.ask(socket, PORT);
            guest.expect(PacketHeader.REQUEST);
        }
        try (HostProgram late = HostProgram.connect(socket)) {
            assertTrue(endsOrFails(late));
        }
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            guest.send(packet(PacketHeader.REQUEST, 1000, PORT));
            guest.expect(PacketHeader.RST);
            programs[0].close();
            guest.expect(PacketHeader.RST);
            assertFalse(GuestStream.connect(guest, 1000, PORT, WINDOW).isReset());
            HostProgram.accept(server).close();
        }
        for (HostProgram program : programs) {
            program.close();
        }
    }

    @Test
    void packetsOfNoConnectionAreReset() {
        for (int op : new int[] {0, 2, 4, 5, 6, 7, 9, 0xffff}) {
            guest.send(packet(op, 7, 8));
            TestPacket answer = guest.expect(PacketHeader.RST);
            assertEquals(8, answer.srcPort());
            assertEquals(7, answer.dstPort());
            assertEquals(1, answer.type());
        }
        TestPacket sequenced =
                new TestPacket(VsockGuest.CID, 7, 2, 8, 2, PacketHeader.REQUEST, 0, 0, 0, 0, new byte[0]);
        guest.send(sequenced);
        assertEquals(2, guest.expect(PacketHeader.RST).type());
        guest.send(packet(PacketHeader.RST, 7, 8));
        guest.send(new TestPacket(4, 7, 2, 8, 1, PacketHeader.REQUEST, 0, 0, 0, 0, new byte[0]));
        guest.send(new TestPacket(VsockGuest.CID, 7, 3, 8, 1, PacketHeader.REQUEST, 0, 0, 0, 0, new byte[0]));
        VsockGuest.awaitTrue("two dropped", () -> counted("packets.dropped") == 2);
        assertNull(poll(20));
    }

    @Test
    void guestThatBreaksTheRulesOfAConnectionIsReset() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            for (int i = 0; i < 6; i++) {
                GuestStream stream = GuestStream.connect(guest, 1000 + i, PORT, WINDOW);
                try (HostProgram program = HostProgram.accept(server)) {
                    breakRules(stream, i);
                    TestPacket packet = stream.pump();
                    assertEquals(PacketHeader.RST, packet.op(), "case " + i);
                    assertTrue(endsOrFails(program), "case " + i);
                }
            }
            assertEquals(6, counted("connections.reset"));
        }
        try (HostProgram program = HostProgram.ask(socket, PORT)) {
            TestPacket request = guest.expect(PacketHeader.REQUEST);
            guest.send(packet(PacketHeader.RW, PORT, request.srcPort()));
            guest.expect(PacketHeader.RST);
            assertTrue(program.atEnd());
        }
    }

    private void breakRules(GuestStream stream, int way) {
        byte[] tooMuch = new byte[Connection.WINDOW_BYTES + 1];
        switch (way) {
            case 0 -> stream.send(PacketHeader.RW, 0, tooMuch);
            case 1 ->
                guest.send(new TestPacket(
                        VsockGuest.CID, 1001, 2, PORT, 1, PacketHeader.RW, 0, WINDOW, 0, 11, new byte[10]));
            case 2 ->
                guest.send(new TestPacket(
                        VsockGuest.CID, 1002, 2, PORT, 1, PacketHeader.RW, 0, WINDOW, 0, -1, new byte[10]));
            case 3 -> {
                stream.send(PacketHeader.SHUTDOWN, PacketHeader.NO_SEND, new byte[0]);
                stream.send(PacketHeader.RW, 0, new byte[1]);
            }
            case 4 -> stream.send(PacketHeader.REQUEST, 0, new byte[0]);
            default -> stream.send(PacketHeader.RESPONSE, 0, new byte[0]);
        }
    }

    @Test
    void packetThatIsShorterThanItsHeaderStopsTheDevice() throws IOException {
        Path other = dir.resolve("w.sock");
        try (VsockGuest rude = VsockGuest.start(other, 1)) {
            rude.sendRaw(new byte[43]);
            VsockGuest.awaitTrue("a fault", () -> rude.driver().faults().size() == 1);
            String fault = rude.driver().faults().get(0);
            assertTrue(fault.endsWith("queue 1: a request has 43 readable bytes, its header alone takes 44"), fault);
        }
    }

    @Test
    void saveInTheMiddleOfATransferResetsConnectionsAndKeepsListeners() throws IOException {
        byte[] bytes = random(1 << 20, 4);
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server)) {
                program.write(Arrays.copyOf(bytes, 100_000));
                stream.write(bytes, 0);
                stream.pump();
                Path there = dir.resolve("there.sock");
                try (VsockGuest restored = guest.restored(there);
                        HostProgram late = HostProgram.ask(there, PORT)) {
                    VsockGuest.awaitTrue("the reset event", restored::takeEvent);
                    // What the guest had not fetched when it was saved comes first.
                    TestPacket packet = restored.next();
                    while (packet.dstPort() == 1000) {
                        packet = restored.next();
                    }
                    assertEquals(PacketHeader.REQUEST, packet.op(), "the listener is reached anew");
                    restored.send(packet(PacketHeader.RW, 1000, PORT));
                    assertEquals(PacketHeader.RST, restored.next().op(), "the old connection is gone");
                    restored.send(packet(PacketHeader.RESPONSE, PORT, packet.srcPort()));
                    assertTrue(late.readText(3).startsWith("OK "));
                    assertEquals(List.of(), restored.driver().faults());
                }
            }
        }
    }

    @Test
    void pausedDeviceGoesOnWithItsConnections() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream stream = GuestStream.connect(guest, 1000, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server)) {
                guest.driver().transport().pause();
                program.write("meanwhile");
                assertNull(poll(50));
                guest.driver().transport().save();
                guest.driver().transport().resume();
                stream.awaitReceived(9);
            }
        }
    }

    @Test
    void driverThatStartsAnewHasNoConnections() throws IOException {
        try (ServerSocketChannel server = HostProgram.listen(portSocket(PORT))) {
            GuestStream.connect(guest, 1000, PORT, WINDOW);
            try (HostProgram program = HostProgram.accept(server);
                    HostProgram waiting = HostProgram.ask(socket, PORT)) {
                guest.expect(PacketHeader.REQUEST);
                guest.driver().writeRegister(0x70, 0);
                assertTrue(program.atEnd());
                assertTrue(waiting.atEnd());
            }
        }
    }

    @Test
    void configurationIsTheGuestsNumber() {
        TestGuest driver = guest.driver();
        assertEquals(19, driver.readRegister(8));
        assertEquals(3, driver.transport().read(0x100, 8));
        assertEquals(3, driver.transport().read(0x100, 4));
        assertEquals(0, driver.transport().read(0x104, 4));
        assertEquals(0, driver.transport().read(0x108, 4));
        driver.transport().write(0x100, 8, 9);
        assertEquals(3, driver.transport().read(0x100, 8));
    }

    @Test
    void impossibleDevicesAreRefused() {
        Path path = dir.resolve("x");
        assertThrows(IllegalArgumentException.class, () -> new VsockDevice(2, path));
        assertThrows(IllegalArgumentException.class, () -> new VsockDevice(0xffff_ffffL, path));
        Path longPath = dir.resolve("x".repeat(97));
        Exception e = assertThrows(IllegalArgumentException.class, () -> new VsockDevice(3, longPath));
        assertTrue(e.getMessage().contains("use a shorter folder"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> guest.device().restore(new byte[1]));
    }
}
