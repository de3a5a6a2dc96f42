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

/**
 * What is typed at the socket of the serial port, and of the virtio console, reaches a program in the guest, and its answer
 * comes back there. The virtio console is as large as its terminal is at the moment.
 */
final class ConsolesCase implements LinuxCase {
    private static final int COLUMNS = 123;
    private static final int ROWS = 45;
    private static final int LOOK_MS = 20;
    private static final long LIMIT_MS = 30_000;

    @Override
    public String name() {
        return "consoles";
    }

    @Override
    public String guestCommands() {
        return """
                echo "who is there?"
                read -r name < /dev/ttyS0
                echo "hello $name"
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
        Path console = lab.folder().resolve("console.sock");
        Path terminal = lab.folder().resolve("terminal.sock");
        LabGuest guest =
                lab.start(LinuxGuest.spec(lab, "linux").withConsole(console).withTerminal(terminal));
        try (SocketChannel serial = SocketChannel.open(UnixDomainSocketAddress.of(console));
                SocketChannel virtio = SocketChannel.open(UnixDomainSocketAddress.of(terminal))) {
            guest.awaitLine("who is there?");
            type(serial, "a person at the console");
            guest.awaitLine("hello a person at the console");
            awaitPrinted(serial, "hello a person at the console");
            guest.awaitLine("listening");
            guest.machine().resizeTerminal(COLUMNS, ROWS);
            LabContext.check(guest.awaitLine("after: ").endsWith(ROWS + " " + COLUMNS), "it was not resized");
            type(virtio, "a person at the terminal");
            guest.awaitLine("read: a person at the terminal");
            awaitPrinted(virtio, "hello a person at the terminal");
            guest.awaitEnd();
        }
    }

    private static void type(SocketChannel to, String line) throws IOException {
        to.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.US_ASCII)));
    }

    private static void awaitPrinted(SocketChannel from, String text) throws IOException, InterruptedException {
        from.configureBlocking(false);
        StringBuilder printed = new StringBuilder();
        long end = System.currentTimeMillis() + LIMIT_MS;
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        while (printed.indexOf(text) < 0) {
            LabContext.check(System.currentTimeMillis() < end, "printed at the console: " + printed);
            from.read(bytes);
            printed.append(new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1));
            bytes.clear();
            Thread.sleep(LOOK_MS);
        }
    }
}
