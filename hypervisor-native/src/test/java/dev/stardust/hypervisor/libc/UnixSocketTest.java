package dev.stardust.hypervisor.libc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    @TempDir
    Path dir;

    @Test
    void bytesGoBothWaysAndTheEndIsSeen() {
        Path path = dir.resolve("s");
        int server = UnixSocket.listen(path, 4);
        assertEquals(-Errno.EAGAIN, UnixSocket.accept(server));
        int client = UnixSocket.connect(UnixAddress.of(path.toString()));
        int accepted = UnixSocket.accept(server);
        try (MappedMemory memory = MappedMemory.anonymous(4096)) {
            long at = memory.address();
            assertTrue(UnixSocket.isNotNow(UnixSocket.receive(client, at, 8)));
            UnsafeApi.putLong(at, 0x1234_5678_9abc_def0L);
            assertEquals(8, UnixSocket.send(accepted, at, 8));
            assertEquals(8, UnixSocket.peek(client, at + 8, 100));
            assertEquals(8, UnixSocket.receive(client, at + 16, 100));
            assertEquals(0x1234_5678_9abc_def0L, UnsafeApi.getLong(at + 8));
            assertEquals(0x1234_5678_9abc_def0L, UnsafeApi.getLong(at + 16));
            UnixSocket.endWriting(accepted);
            assertEquals(0, UnixSocket.receive(client, at, 8));
            UnixSocket.endReading(accepted);
            assertEquals(-Errno.EPIPE, UnixSocket.send(client, at, 8), "and no signal");
        } finally {
            Libc.C.close(client);
            Libc.C.close(accepted);
            Libc.C.close(server);
        }
    }

    @Test
    void socketOfADeadProcessIsReplacedAndOneInUseIsNot() throws Exception {
        Path path = dir.resolve("s");
        Libc.C.close(UnixSocket.listen(path, 1));
        assertTrue(Files.exists(path));
        int server = UnixSocket.listen(path, 1);
        NativeException e = assertThrows(NativeException.class, () -> UnixSocket.listen(path, 1));
        assertEquals(Errno.EADDRINUSE, e.errno());
        assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
        Libc.C.close(server);
        Path file = Files.writeString(dir.resolve("file"), "precious");
        assertThrows(NativeException.class, () -> UnixSocket.listen(file, 1));
        assertEquals("precious", Files.readString(file));
    }

    @Test
    void connectingWhereNobodyListensFails() {
        UnixAddress nowhere = UnixAddress.of(dir.resolve("nothing").toString());
        assertEquals(-Errno.ENOENT, UnixSocket.connect(nowhere));
    }

    @Test
    void addressMayEndWithAnyNumber() {
        UnixAddress address = UnixAddress.numbered("/run/v_");
        assertEquals("/run/v_", address.toString());
        for (int number : new int[] {7, 1_000_000, 0, -1, 42}) {
            address.setNumber(number);
            assertEquals("/run/v_" + Integer.toUnsignedString(number), address.toString());
            assertEquals(2 + address.toString().length() + 1, address.length());
        }
    }

    @Test
    void pathThatIsTooLongIsRefusedWithAdvice() {
        assertEquals(107, UnixAddress.of("x".repeat(107)).toString().length());
        assertThrows(IllegalArgumentException.class, () -> UnixAddress.of(""));
        assertThrows(IllegalArgumentException.class, () -> UnixAddress.of("x".repeat(108)));
        Exception e = assertThrows(IllegalArgumentException.class, () -> UnixAddress.numbered("x".repeat(98)));
        assertTrue(e.getMessage().endsWith("has 98 bytes; it may have 1 to 97: use a shorter folder"));
    }

    @Test
    void epollInsideAnEpollTellsOfEachNewEventOnce() {
        int server = UnixSocket.listen(dir.resolve("s"), 4);
        int client = UnixSocket.connect(UnixAddress.of(dir.resolve("s").toString()));
        int accepted = UnixSocket.accept(server);
        try (Epoll outer = new Epoll(4);
                Epoll inner = new Epoll(4);
                MappedMemory memory = MappedMemory.anonymous(4096)) {
            outer.addEdge(inner.fd(), 1);
            inner.addSocket(accepted, 2);
            assertEquals(1, outer.await(1000));
            assertEquals(1, inner.await(0));
            assertEquals(Epoll.OUT, inner.conditions(0));
            assertEquals(0, outer.await(0));
            for (int i = 0; i < 3; i++) {
                UnixSocket.send(client, memory.address(), 1);
                assertEquals(1, outer.await(1000), "round " + i);
                assertEquals(1, inner.await(0));
                assertEquals(Epoll.IN | Epoll.OUT, inner.conditions(0));
                assertEquals(0, outer.await(0));
            }
            Libc.C.close(client);
            assertEquals(1, outer.await(1000));
            assertEquals(1, inner.await(0));
            assertEquals(Epoll.HUP, inner.conditions(0) & Epoll.HUP);
        } finally {
            Libc.C.close(accepted);
            Libc.C.close(server);
        }
    }
}
