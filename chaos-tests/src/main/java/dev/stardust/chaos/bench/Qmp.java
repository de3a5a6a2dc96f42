package dev.stardust.chaos.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A client of QEMU's monitor protocol, a command at a time; events are passed over. For one thread. */
public final class Qmp implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ANSWER_TIMEOUT_MS = 30_000;

    private final SocketChannel channel;
    private final Selector selector;
    private final JsonLines lines = new JsonLines();
    private final ByteBuffer in = ByteBuffer.allocate(64 << 10);

    /** Connects to the socket of a QEMU that listens, and asks for its commands. */
    public Qmp(Path socket) throws IOException {
        this.selector = Selector.open();
        try {
            this.channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            selector.close();
            throw e;
        }
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
        receive("QMP");
        execute("qmp_capabilities", Map.of());
    }

    /**
     * Runs a command and gives its {@code return} value.
     *
     * @throws IOException with QEMU's words if it refuses, or if it does not answer
     */
    public JsonNode execute(String command, Map<String, Object> arguments) throws IOException {
        ByteBuffer request =
                ByteBuffer.wrap((JSON.writeValueAsString(Map.of("execute", command, "arguments", arguments)) + "\n")
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        while (request.hasRemaining()) {
            channel.write(request);
        }
        JsonNode answer = receive("return", "error");
        if (answer.has("error")) {
            throw new IOException("QEMU refuses " + command + ": "
                    + answer.path("error").path("desc").asText());
        }
        return answer.get("return");
    }

    private JsonNode receive(String... keys) throws IOException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_TIMEOUT_MS);
        while (true) {
            for (JsonNode message = lines.poll(); message != null; message = lines.poll()) {
                for (String key : keys) {
                    if (message.has(key)) {
                        return message;
                    }
                }
            }
            long leftMs = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (leftMs <= 0) {
                throw new IOException("QEMU gave no answer in " + ANSWER_TIMEOUT_MS / 1000 + " s");
            }
            selector.select(leftMs);
            selector.selectedKeys().clear();
            in.clear();
            if (channel.read(in) < 0) {
                throw new IOException("QEMU closed its monitor: it has ended");
            }
            lines.accept(in.flip());
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
        selector.close();
    }
}
