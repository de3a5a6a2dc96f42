package dev.stardust.vm.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.hypervisor.machine.MachineException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of QEMU's monitor protocol (docs/interop/qmp-spec.txt of QEMU). Commands may be run by any thread but that which
 * hears events. What QEMU says is not trusted: a guest may have taken it over.
 */
final class Monitor implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Monitor.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final int STACK_BYTES = 256 << 10;

    private final SocketChannel channel;
    private final Consumer<JsonNode> events;
    private final Map<Long, CompletableFuture<JsonNode>> waiting = new HashMap<>();
    private final CompletableFuture<Void> greeted = new CompletableFuture<>();
    private long lastId;
    private boolean ended;

    /**
     * Takes over a connection that QEMU has just made.
     *
     * @param events hears of QEMU's events on a thread of this monitor
     */
    Monitor(SocketChannel channel, String name, Consumer<JsonNode> events) {
        this.channel = channel;
        this.events = events;
        Thread thread = new Thread(null, this::read, "qmp-" + name, STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    /** Takes part in the protocol; commands can be run then. */
    void negotiate(long timeoutMs) {
        await("the greeting", greeted, timeoutMs);
        execute("qmp_capabilities", JsonNodeFactory.instance.objectNode(), timeoutMs);
    }

    /**
     * Runs a command.
     *
     * @return its {@code return} value
     * @throws MachineException with QEMU's words if it refuses, does not answer in time, or is gone
     */
    JsonNode execute(String command, ObjectNode arguments, long timeoutMs) {
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        long id;
        synchronized (this) {
            if (ended) {
                throw new MachineException("QEMU is gone");
            }
            id = ++lastId;
            waiting.put(id, answer);
        }
        ObjectNode request = JsonNodeFactory.instance.objectNode();
        request.put("execute", command).put("id", id).set("arguments", arguments);
        send(request);
        JsonNode said = await(command, answer, timeoutMs);
        if (said.has("error")) {
            throw new MachineException("QEMU refuses " + command + ": "
                    + said.path("error").path("desc").asText());
        }
        return said.path("return");
    }

    private synchronized void send(ObjectNode request) {
        ByteBuffer bytes = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new MachineException("QEMU is gone", e);
        }
    }

    private static <T> T await(String what, CompletableFuture<T> answer, long timeoutMs) {
        try {
            return answer.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new MachineException("QEMU did not answer " + what + " within " + timeoutMs + " ms", e);
        } catch (ExecutionException e) {
            throw new MachineException("QEMU is gone", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while QEMU was asked for " + what, e);
        }
    }

    private void read() {
        try (InputStream in = new BufferedInputStream(Channels.newInputStream(channel))) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b != '\n') {
                    if (line.size() == MAX_LINE_BYTES) {
                        throw new IOException("QEMU sent a line of more than " + MAX_LINE_BYTES + " bytes");
                    }
                    line.write(b);
                } else {
                    if (line.size() > 1) {
                        take(JSON.readTree(line.toByteArray()));
                    }
                    line.reset();
                }
            }
        } catch (JsonProcessingException e) {
            LOG.warn("QEMU sent no JSON: {}", e.getOriginalMessage());
        } catch (IOException e) {
            LOG.debug("QEMU's monitor is closed: {}", e.getMessage());
        } finally {
            end();
        }
    }

    private void take(JsonNode message) {
        if (message.has("QMP")) {
            greeted.complete(null);
        } else if (message.has("event")) {
            events.accept(message);
        } else {
            CompletableFuture<JsonNode> answer;
            synchronized (this) {
                answer = waiting.remove(message.path("id").asLong(-1));
            }
            if (answer != null) {
                answer.complete(message);
            }
        }
    }

    private void end() {
        Map<Long, CompletableFuture<JsonNode>> left;
        synchronized (this) {
            ended = true;
            left = Map.copyOf(waiting);
            waiting.clear();
        }
        IOException gone = new IOException("the monitor is closed");
        greeted.completeExceptionally(gone);
        left.values().forEach(answer -> answer.completeExceptionally(gone));
        close();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("closing QEMU's monitor: {}", e.getMessage());
        }
    }
}
