package dev.stardust.hypervisor.console;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ConsoleServerTest {
    /** A log in memory. */
    private static final class HeapLog implements ConsoleBackend {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public synchronized void output(byte value) {
            bytes.write(value);
        }

        @Override
        public synchronized void output(DirectBuffer from, int offset, int length) {
            for (int i = 0; i < length; i++) {
                bytes.write(from.getByte(offset + i));
            }
        }

        @Override
        public void flush() {
            output((byte) '|');
        }

        @Override
        public int input(MutableDirectBuffer into, int offset, int length) {
            return 0;
        }

        @Override
        public void onInput(Runnable listener) {}
    }

    @TempDir
    Path dir;

    private final HeapLog log = new HeapLog();
    private final Semaphore typed = new Semaphore(0);
    private Path socket;
    private ConsoleLoop loop;
    private ConsoleServer server;

    @BeforeEach
    void start() {
        socket = dir.resolve("console.sock");
        loop = new ConsoleLoop("test-console");
        server = new ConsoleServer(socket, log, loop);
        server.onInput(typed::release);
    }

    @AfterEach
    void stop() {
        server.close();
        loop.close();
        assertFalse(Files.exists(socket));
    }

    /** Attaches, and is attached when it returns. */
    private SocketChannel attach() throws IOException, InterruptedException {
        int before = server.clients();
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        awaitClients(before + 1);
        return client;
    }

    private void awaitClients(int count) throws InterruptedException {
        for (int i = 0; i < 10_000 && server.clients() != count; i++) {
            Thread.sleep(1);
        }
        assertEquals(count, server.clients());
    }

    private void print(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        server.output(new UnsafeBuffer(bytes), 0, bytes.length);
    }

    private static String read(SocketChannel client, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && client.read(buffer) >= 0) {}
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
    }

    private static void write(SocketChannel client, String text) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        while (buffer.hasRemaining()) {
            client.write(buffer);
        }
    }

    /** Fetches what was typed as a guest does, told each time that there is some. */
    private String fetch(int length) throws InterruptedException {
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < length) {
            int taken = server.input(new UnsafeBuffer(bytes), done, Math.min(100, length - done));
            done += taken;
            if (taken == 0) {
                assertTrue(typed.tryAcquire(30, TimeUnit.SECONDS), "not told");
            }
        }
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    @Test
    void everyClientAndTheLogSeeWhatIsPrinted() throws Exception {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        print("before ");
        try (SocketChannel a = attach();
                SocketChannel b = attach()) {
            print("hel");
            server.output((byte) 'l');
            server.output((byte) 'o');
            assertEquals("hello", read(a, 5));
            assertEquals("hello", read(b, 5));
            server.flush();
        }
        awaitClients(0);
        print("after");
        assertEquals("before hello|after", log.bytes.toString(StandardCharsets.US_ASCII));
    }

    @Test
    void whatIsTypedReachesTheGuestInOrder() throws Exception {
        try (SocketChannel client = attach()) {
            write(client, "root\n");
            assertEquals("root\n", fetch(5));
            assertEquals(0, server.input(new UnsafeBuffer(new byte[10]), 0, 10));
        }
    }

    @Test
    void typingWaitsForAGuestThatDoesNotFetch() throws Exception {
        byte[] much = new byte[4 << 20];
        for (int i = 0; i < much.length; i++) {
            much[i] = (byte) ('a' + i % 23);
        }
        String text = new String(much, StandardCharsets.US_ASCII);
        try (SocketChannel client = attach()) {
            Thread typist = new Thread(() -> {
                try {
                    write(client, text);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            typist.start();
            Thread.sleep(100);
            assertTrue(typist.isAlive(), "what nobody fetches is not taken");
            assertEquals(text, fetch(much.length));
            typist.join();
        }
    }

    @Test
    void whatWasTypedBeforeAClientLeftIsNotLost() throws Exception {
        String text = "x".repeat(3 * InputQueue.CAPACITY);
        SocketChannel client = attach();
        write(client, text);
        client.close();
        print("nobody sees this");
        assertEquals(text, fetch(text.length()));
        awaitClients(0);
    }

    @Test
    void clientThatTypesNoMoreStillSees() throws Exception {
        try (SocketChannel client = attach()) {
            write(client, "ls\n");
            client.shutdownOutput();
            assertEquals("ls\n", fetch(3));
            print("files");
            assertEquals("files", read(client, 5));
        }
    }

    @Test
    void clientThatDoesNotKeepUpSkipsAndDelaysNobody() throws Exception {
        byte[] block = new byte[1000];
        try (SocketChannel slow = attach();
                SocketChannel fast = attach()) {
            Thread reader = new Thread(() -> readToMark(fast));
            reader.start();
            for (int i = 0; i < 4000; i++) {
                Arrays.fill(block, (byte) ('a' + i % 26));
                server.output(new UnsafeBuffer(block), 0, block.length);
            }
            server.output((byte) '!');
            reader.join(30_000);
            assertFalse(reader.isAlive(), "the other client sees the end");
            byte[] kept = readToMark(slow);
            byte[] all = log.bytes.toByteArray();
            assertTrue(kept.length < all.length, "it skipped");
            int tail = OutputRing.CAPACITY;
            assertArrayEquals(
                    Arrays.copyOfRange(all, all.length - tail, all.length),
                    Arrays.copyOfRange(kept, kept.length - tail, kept.length));
        }
    }

    /** Reads until what was read last is an exclamation mark. */
    private static byte[] readToMark(SocketChannel client) {
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        try {
            do {
                buffer.clear();
                client.read(buffer);
                seen.write(buffer.array(), 0, buffer.position());
            } while (buffer.position() > 0 && buffer.get(buffer.position() - 1) != '!');
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return seen.toByteArray();
    }

    @Test
    void moreClientsThanThereIsRoomForAreRefused() throws Exception {
        SocketChannel[] clients = new SocketChannel[ConsoleServer.MAX_CLIENTS];
        for (int i = 0; i < clients.length; i++) {
            clients[i] = attach();
        }
        try (SocketChannel late = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            assertEquals("", read(late, 1));
        }
        for (SocketChannel client : clients) {
            client.close();
        }
        awaitClients(0);
    }

    @Test
    void whatWasTypedBeforeTheSocketWasClosedCanStillBeFetched() throws Exception {
        String text = "x".repeat(InputQueue.CAPACITY);
        try (SocketChannel client = attach()) {
            write(client, text);
            assertTrue(typed.tryAcquire(30, TimeUnit.SECONDS), "not told");
            server.close();
            assertEquals(text, fetch(text.length()));
        }
    }

    @Test
    void closingDetachesEverybodyAndOthersGoOn() throws Exception {
        Path other = dir.resolve("other.sock");
        try (ConsoleServer second = new ConsoleServer(other, log, loop)) {
            try (SocketChannel client = attach();
                    SocketChannel there = SocketChannel.open(UnixDomainSocketAddress.of(other))) {
                server.close();
                server.close();
                assertEquals("", read(client, 1));
                server.output((byte) 'x');
                second.onInput(typed::release);
                write(there, "y");
                assertTrue(typed.tryAcquire(30, TimeUnit.SECONDS));
            }
        }
    }
}
