package dev.stardust.hypervisor.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.hypervisor.libc.Libc;
import dev.stardust.hypervisor.libc.UnixSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a client's socket tells before the loop hears of it. */
class ConsoleClientTest {
    @TempDir
    Path dir;

    private final InputQueue input = new InputQueue();
    private final OutputRing output = new OutputRing();
    private int listener;
    private SocketChannel program;
    private ConsoleClient client;

    @BeforeEach
    void attach() throws Exception {
        Path path = dir.resolve("sock");
        listener = UnixSocket.listen(path, 1);
        program = SocketChannel.open(UnixDomainSocketAddress.of(path));
        client = new ConsoleClient(UnixSocket.accept(listener), 0);
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        program.close();
        Libc.C.close(listener);
    }

    @Test
    void clientThatLeftWhileItWasWrittenToIsGoneOnceItsTypingIsRead() throws Exception {
        program.write(ByteBuffer.wrap("typed".getBytes(StandardCharsets.US_ASCII)));
        program.close();
        output.append((byte) 'x');
        client.write(output);
        assertFalse(client.isGone(), "there is something to read");
        client.read(input);
        assertTrue(client.isGone());
        byte[] typed = new byte[10];
        assertEquals(5, input.take(new UnsafeBuffer(typed), 0, typed.length));
    }

    @Test
    void clientThatLeftWithoutHavingReadIsGoneByReading() throws Exception {
        output.append((byte) 'x');
        client.write(output);
        program.close();
        client.read(input);
        assertTrue(client.isGone());
        assertTrue(input.isEmpty());
    }
}
