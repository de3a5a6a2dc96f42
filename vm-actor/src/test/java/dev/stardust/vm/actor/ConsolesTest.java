package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.vm.worker.CreateMachine;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ConsolesTest {
    private static final long SECOND_NS = 1_000_000_000L;

    @TempDir
    Path dir;

    private long nowNs;
    private Consoles consoles;
    private ServerSocketChannel console;

    @BeforeEach
    void open() throws IOException {
        consoles = new Consoles(dir, Runnable::run, () -> nowNs);
        Files.createDirectory(dir.resolve("web"));
        console = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        console.bind(UnixDomainSocketAddress.of(dir.resolve("web").resolve(CreateMachine.CONSOLE)));
    }

    @AfterEach
    void close() throws IOException {
        consoles.close();
        console.close();
    }

    private ConsolePart exchange(String session, String input) {
        return consoles.exchange("web", session, false, input.getBytes(StandardCharsets.US_ASCII))
                .toCompletableFuture()
                .join();
    }

    private static void print(SocketChannel guest, String text) throws IOException {
        guest.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static String typed(SocketChannel guest, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && guest.read(buffer) >= 0) {}
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
    }

    @Test
    void whatIsTypedAndPrintedGoesBothWays() throws IOException {
        assertEquals(3, exchange("s", "ls\n").taken());
        try (SocketChannel guest = console.accept()) {
            assertEquals("ls\n", typed(guest, 3));
            print(guest, "a b c\n");
            ConsolePart part = exchange("s", "");
            assertArrayEquals("a b c\n".getBytes(StandardCharsets.US_ASCII), part.data());
            assertFalse(part.ended());
            assertEquals(0, exchange("s", "").data().length);
        }
    }

    @Test
    void aVirtioConsoleComesFirstUnlessTheSerialPortIsAskedFor() throws IOException {
        Path socket = dir.resolve("web").resolve(CreateMachine.TERMINAL);
        try (ServerSocketChannel terminal = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            terminal.bind(UnixDomainSocketAddress.of(socket));
            assertTrue(exchange("virtio", "x").sized());
            terminal.accept().close();
            ConsolePart serial = consoles.exchange("web", "serial", true, new byte[0])
                    .toCompletableFuture()
                    .join();
            assertFalse(serial.sized());
            console.accept().close();
        }
    }

    @Test
    void consoleThatEndsIsToldAfterItsLastWords() throws IOException {
        exchange("s", "");
        SocketChannel guest = console.accept();
        print(guest, "bye");
        guest.close();
        ConsolePart last = exchange("s", "");
        assertEquals("bye", new String(last.data(), StandardCharsets.US_ASCII));
        assertTrue(last.ended());
        assertEquals("", last.error());
    }

    @Test
    void guestThatFetchesNothingTakesOnlyAPart() throws IOException {
        String much = "x".repeat(4 << 20);
        int taken = exchange("s", much).taken();
        assertTrue(taken > 0 && taken < much.length(), "taken " + taken);
        assertEquals(0, exchange("s", "y").taken());
    }

    @Test
    void sessionsAreApart() throws IOException {
        exchange("a", "");
        try (SocketChannel guestOfA = console.accept()) {
            exchange("b", "");
            try (SocketChannel guestOfB = console.accept()) {
                print(guestOfA, "a");
                print(guestOfB, "b");
                assertEquals('a', exchange("a", "").data()[0]);
                assertEquals('b', exchange("b", "").data()[0]);
            }
        }
    }

    @Test
    void sessionThatNobodyUsesEnds() throws IOException {
        exchange("idle", "");
        exchange("busy", "");
        try (SocketChannel idle = console.accept();
                SocketChannel busy = console.accept()) {
            nowNs += 20 * SECOND_NS;
            exchange("busy", "");
            nowNs += 20 * SECOND_NS;
            exchange("busy", "x");
            assertEquals("", typed(idle, 1));
            assertEquals("x", typed(busy, 1));
        }
    }

    @Test
    void vmWithoutAConsoleIsAnError() throws IOException {
        ConsolePart part = consoles.exchange("other", "s", false, new byte[0])
                .toCompletableFuture()
                .join();
        assertEquals("the console of VM other cannot be reached: it does not run, or has no console", part.error());
        console.close();
        assertTrue(exchange("s", "").error().startsWith("the console of VM web cannot be reached: "));
    }
}
