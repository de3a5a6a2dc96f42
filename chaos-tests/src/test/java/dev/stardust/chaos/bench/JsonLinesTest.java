package dev.stardust.chaos.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class JsonLinesTest {
    @Property
    void messagesComeOutWholeHoweverTheStreamIsCut(
            @ForAll @Size(max = 20) List<String> texts, @ForAll @IntRange(min = 1, max = 40) int piece) {
        StringBuilder stream = new StringBuilder();
        for (String text : texts) {
            stream.append(new com.fasterxml.jackson.databind.ObjectMapper()
                            .createObjectNode()
                            .put("text", wellFormed(text)))
                    .append("\r\n");
        }
        byte[] bytes = stream.toString().getBytes(StandardCharsets.UTF_8);
        JsonLines lines = new JsonLines();
        for (int at = 0; at < bytes.length; at += piece) {
            lines.accept(ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at)));
        }
        List<String> found = new ArrayList<>();
        for (JsonNode m = lines.poll(); m != null; m = lines.poll()) {
            found.add(m.path("text").asText());
        }
        assertEquals(texts.stream().map(JsonLinesTest::wellFormed).toList(), found);
    }

    /** Half a surrogate pair does not survive UTF-8. */
    private static String wellFormed(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    @Property
    void anyBytesAreReadOrRefused(@ForAll byte[] bytes) {
        JsonLines lines = new JsonLines();
        try {
            lines.accept(ByteBuffer.wrap(bytes));
        } catch (IllegalArgumentException e) {
            return;
        }
        for (JsonNode m = lines.poll(); m != null; m = lines.poll()) {
            assertEquals(true, m.isObject());
        }
    }

    @Test
    void halfAMessageWaitsForTheRest() {
        JsonLines lines = new JsonLines();
        lines.accept(ByteBuffer.wrap("{\"a\":".getBytes(StandardCharsets.UTF_8)));
        assertNull(lines.poll());
        lines.accept(ByteBuffer.wrap("1}\n".getBytes(StandardCharsets.UTF_8)));
        assertEquals(1, lines.poll().path("a").asInt());
    }

    @Test
    void aLineWithoutEndIsRefused() {
        byte[] endless = new byte[(1 << 20) + 1];
        assertThrows(IllegalArgumentException.class, () -> new JsonLines().accept(ByteBuffer.wrap(endless)));
    }
}
