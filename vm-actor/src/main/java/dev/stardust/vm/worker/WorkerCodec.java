package dev.stardust.vm.worker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.cbor.CBORFactory;
import java.io.IOException;

/** Records to and from the CBOR that nodes and workers speak. */
public final class WorkerCodec {
    /** A frame of tiny tokens must not fill a worker's small heap: tokens are bounded, not bytes alone. */
    private static final StreamReadConstraints LIMITS = StreamReadConstraints.builder()
            .maxNestingDepth(32)
            .maxTokenCount(100_000)
            .maxNameLength(256)
            .maxStringLength(Frames.MAX_LENGTH)
            .build();

    private static final ObjectMapper MAPPER = new ObjectMapper(
                    CBORFactory.builder().streamReadConstraints(LIMITS).build())
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private WorkerCodec() {}

    /** The tree of a record or any other value that Jackson knows. */
    public static JsonNode toTree(Object value) {
        return value instanceof JsonNode node ? node : MAPPER.valueToTree(value);
    }

    /**
     * The record in a tree.
     *
     * @throws WorkerException {@code BAD_REQUEST} naming what does not fit
     */
    public static <T> T fromTree(JsonNode tree, Class<T> type) {
        try {
            return MAPPER.treeToValue(tree, type);
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new WorkerException(
                    WorkerException.Code.BAD_REQUEST,
                    "not a valid " + type.getSimpleName() + ": "
                            + (e instanceof JsonProcessingException j ? j.getOriginalMessage() : e.getMessage()),
                    e);
        }
    }

    /** An empty body. */
    public static ObjectNode emptyBody() {
        return JsonNodeFactory.instance.objectNode();
    }

    static byte[] encode(JsonNode tree) {
        try {
            return MAPPER.writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw new WorkerException(WorkerException.Code.INTERNAL, "cannot encode: " + e.getOriginalMessage(), e);
        }
    }

    static JsonNode decode(byte[] cbor) throws IOException {
        return MAPPER.readTree(cbor);
    }
}
