package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Locale;

/** What one frame holds. Decoding throws {@link IOException} for anything that is none of the three. */
sealed interface Message {
    /** Longest name of an operation or event. */
    int MAX_NAME_LENGTH = 64;

    byte[] encode();

    /** Node to worker. */
    record Request(long id, String op, JsonNode body) implements Message {
        @Override
        public byte[] encode() {
            ObjectNode tree = JsonNodeFactory.instance.objectNode();
            tree.put("id", id).put("op", op).set("body", body);
            return checked(WorkerCodec.encode(tree), op);
        }
    }

    /** Worker to node: the answer to the request of that id, a body or else an error. */
    record Reply(long id, JsonNode body, WorkerException error) implements Message {
        @Override
        public byte[] encode() {
            ObjectNode tree = JsonNodeFactory.instance.objectNode();
            tree.put("id", id);
            if (error == null) {
                tree.set("body", body);
            } else {
                tree.putObject("error")
                        .put("code", error.code().name().toLowerCase(Locale.ROOT))
                        .put("message", String.valueOf(error.getMessage()));
            }
            return checked(WorkerCodec.encode(tree), "reply");
        }
    }

    /** Worker to every connected node. */
    record Event(String name, JsonNode body) implements Message {
        @Override
        public byte[] encode() {
            ObjectNode tree = JsonNodeFactory.instance.objectNode();
            tree.put("event", name).set("body", body);
            return checked(WorkerCodec.encode(tree), name);
        }
    }

    static Message decode(byte[] frame) throws IOException {
        JsonNode tree = WorkerCodec.decode(frame);
        if (tree == null || !tree.isObject()) {
            throw new IOException("a frame that is no CBOR map");
        }
        if (tree.has("event")) {
            return new Event(name(tree.get("event")), body(tree));
        }
        JsonNode id = tree.get("id");
        if (id == null || !id.isIntegralNumber() || !id.canConvertToLong() || id.longValue() < 0) {
            throw new IOException("a message without a valid id");
        }
        if (tree.has("op")) {
            return new Request(id.longValue(), name(tree.get("op")), body(tree));
        }
        JsonNode error = tree.get("error");
        if (error == null) {
            return new Reply(id.longValue(), tree.path("body"), null);
        }
        return new Reply(
                id.longValue(),
                null,
                new WorkerException(
                        code(error.path("code").asText()), error.path("message").asText("no message")));
    }

    private static String name(JsonNode node) throws IOException {
        if (!node.isTextual() || node.textValue().isEmpty() || node.textValue().length() > MAX_NAME_LENGTH) {
            throw new IOException("a message whose name is no text of 1 to " + MAX_NAME_LENGTH + " characters");
        }
        return node.textValue();
    }

    private static JsonNode body(JsonNode tree) throws IOException {
        JsonNode body = tree.get("body");
        if (body == null || body.isNull()) {
            return WorkerCodec.emptyBody();
        }
        if (!body.isObject()) {
            throw new IOException("a message whose body is no map");
        }
        return body;
    }

    private static WorkerException.Code code(String name) {
        for (WorkerException.Code code : WorkerException.Code.values()) {
            if (code.name().equalsIgnoreCase(name)) {
                return code;
            }
        }
        return WorkerException.Code.INTERNAL;
    }

    private static byte[] checked(byte[] frame, String what) {
        if (frame.length > Frames.MAX_LENGTH) {
            throw new WorkerException(
                    WorkerException.Code.BAD_REQUEST,
                    what + ": a message of " + frame.length + " bytes, allowed are " + Frames.MAX_LENGTH);
        }
        return frame;
    }
}
