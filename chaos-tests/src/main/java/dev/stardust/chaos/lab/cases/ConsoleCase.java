package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What is typed at the console's socket reaches a program in the guest, and its answer comes back there. */
final class ConsoleCase implements LinuxCase {
    private static final int ANSWER_BYTES = 4096;

    @Override
    public String name() {
        return "console";
    }

    @Override
    public String guestCommands() {
        return """
                echo "who is there?"
                read -r name < /dev/ttyS0
                echo "hello $name"
                """;
    }

    @Override
    public void run(LabContext lab) throws IOException {
        Path socket = lab.folder().resolve("console.sock");
        LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux").withConsole(socket));
        try (SocketChannel console = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            guest.awaitLine("who is there?");
            console.write(ByteBuffer.wrap("a person at the console\n".getBytes(StandardCharsets.US_ASCII)));
            guest.awaitLine("hello a person at the console");
            guest.awaitEnd();
            LabContext.check(
                    read(console).contains("hello a person at the console"), "the answer did not come to the console");
        }
    }

    /** What the guest printed while we were attached. */
    private static String read(SocketChannel console) throws IOException {
        console.configureBlocking(false);
        ByteBuffer bytes = ByteBuffer.allocate(ANSWER_BYTES);
        while (bytes.hasRemaining() && console.read(bytes) > 0) {}
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
    }
}
