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

/** The virtio console: typed and printed at its socket, and as large as its terminal is at the moment. */
final class TerminalCase implements LinuxCase {
    private static final int COLUMNS = 123;
    private static final int ROWS = 45;
    private static final long LIMIT_MS = 30_000;

    @Override
    public String name() {
        return "virtio-console";
    }

    @Override
    public String guestCommands() {
        return """
                load virtio_mmio
                load virtio_console
                echo "listening"
                n=0
                while [ $n -lt 100 ] && [ "$(stty size < /dev/hvc0 2> /dev/null)" != "45 123" ]; do
                  n=$((n + 1))
                  sleep 0.1
                done
                echo "after: $(stty size < /dev/hvc0)"
                read -r name < /dev/hvc0
                echo "hello $name" > /dev/hvc0
                echo "read: $name"
                sleep 1
                """;
    }

    @Override
    public void run(LabContext lab) throws IOException, InterruptedException {
        Path socket = lab.folder().resolve("terminal.sock");
        LabGuest guest = lab.start(LinuxGuest.spec(lab, "linux").withTerminal(socket));
        try (SocketChannel terminal = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            guest.awaitLine("listening");
            guest.machine().resizeTerminal(COLUMNS, ROWS);
            LabContext.check(guest.awaitLine("after: ").endsWith(ROWS + " " + COLUMNS), "it was not resized");
            terminal.write(ByteBuffer.wrap("a person\n".getBytes(StandardCharsets.US_ASCII)));
            guest.awaitLine("read: a person");
            awaitPrinted(terminal, "hello a person");
            guest.awaitEnd();
        }
    }

    private static void awaitPrinted(SocketChannel terminal, String text) throws IOException, InterruptedException {
        terminal.configureBlocking(false);
        StringBuilder printed = new StringBuilder();
        long end = System.currentTimeMillis() + LIMIT_MS;
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        while (printed.indexOf(text) < 0) {
            LabContext.check(System.currentTimeMillis() < end, "printed at the console: " + printed);
            terminal.read(bytes);
            printed.append(new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1));
            bytes.clear();
            Thread.sleep(20);
        }
    }
}
