package dev.stardust.chaos.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/** Cuts a stream of bytes into JSON messages, one a line. */
final class JsonLines {
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final Deque<JsonNode> messages = new ArrayDeque<>();

    /**
     * Takes what has come in.
     *
     * @throws IllegalArgumentException if a line is no JSON object or longer than 1 MiB
     */
    void accept(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            byte b = bytes.get();
            if (b == '\n') {
                parse(line.toString(StandardCharsets.UTF_8).strip());
                line.reset();
            } else if (line.size() == MAX_LINE_BYTES) {
                throw new IllegalArgumentException("a message is longer than " + MAX_LINE_BYTES + " bytes");
            } else {
                line.write(b);
            }
        }
    }

    private void parse(String text) {
        if (text.isEmpty()) {
            return;
        }
        try {
            JsonNode message = JSON.readTree(text);
            if (!message.isObject()) {
                throw new IllegalArgumentException("not a JSON object: " + text);
            }
            messages.add(message);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** The next message, or null when none is complete. */
    JsonNode poll() {
        return messages.poll();
    }
}
