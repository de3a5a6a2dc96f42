package dev.stardust.chaos.lab.cases;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What SeaBIOS sends to a machine's console as its screen, and takes from there as typed. Unlike the serial log it shows lines
 * that have not ended yet.
 */
final class BiosScreen implements AutoCloseable {
    private static final int BUFFER_BYTES = 4096;
    private static final String CURSOR_MOVE = "\\x1b\\[[0-9;]*[A-Za-z]";

    private final SocketChannel console;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    private final StringBuilder printed = new StringBuilder();

    private BiosScreen(SocketChannel console) {
        this.console = console;
    }

    static BiosScreen attach(Path socket) throws IOException {
        SocketChannel console = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        console.configureBlocking(false);
        return new BiosScreen(console);
    }

    /** Whether a text was printed since we are attached. */
    boolean shows(String text) {
        try {
            while (console.read(buffer) > 0) {
                printed.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
                buffer.clear();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return pattern(text).matcher(printed).find();
    }

    /** SeaBIOS moves the cursor amid a text whenever its timer ticks, and then may print a character again. */
    private static Pattern pattern(String text) {
        return Pattern.compile(text.chars()
                .mapToObj(c -> Pattern.quote(Character.toString(c)))
                .map(c -> c + "(?:" + CURSOR_MOVE + "|" + c + ")*")
                .collect(Collectors.joining()));
    }

    void type(String keys) throws IOException {
        console.write(ByteBuffer.wrap(keys.getBytes(StandardCharsets.US_ASCII)));
    }

    @Override
    public void close() throws IOException {
        console.close();
    }
}
