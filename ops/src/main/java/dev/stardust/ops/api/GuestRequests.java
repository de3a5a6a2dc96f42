package dev.stardust.ops.api;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.vm.actor.CopyOrder;
import dev.stardust.vm.actor.CopyStep;
import dev.stardust.vm.actor.GuestInput;
import dev.stardust.vm.actor.GuestOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Bodies of requests about what is within guests. */
final class GuestRequests {
    private static final int MAX_PART_BYTES = 64 << 10;
    private static final int MAX_TERMINAL = 0xffff;
    private static final int MAX_SIGNAL = 64;

    private GuestRequests() {}

    static GuestOrder order(JsonNode body) {
        List<String> command = new ArrayList<>();
        body.path("command").forEach(argument -> command.add(argument.asText()));
        Map<String, String> variables = new LinkedHashMap<>();
        body.path("env")
                .properties()
                .forEach(entry -> variables.put(entry.getKey(), entry.getValue().asText()));
        return new GuestOrder(
                command,
                variables,
                body.hasNonNull("workdir") ? body.path("workdir").asText() : null,
                body.hasNonNull("user") ? body.path("user").asText() : null,
                number(body, "columns", MAX_TERMINAL),
                number(body, "rows", MAX_TERMINAL),
                body.path("stdin").asBoolean(),
                body.path("expected").asBoolean());
    }

    static GuestInput input(JsonNode body) {
        return new GuestInput(
                bytes(body, "input"),
                body.path("end").asBoolean(),
                number(body, "signal", MAX_SIGNAL),
                number(body, "columns", MAX_TERMINAL),
                number(body, "rows", MAX_TERMINAL),
                body.path("leave").asBoolean());
    }

    static CopyOrder copy(JsonNode body) {
        String path = body.path("path").asText();
        if (!path.startsWith("/") || path.indexOf(0) >= 0) {
            throw new ClusterException(
                    ErrorCode.USAGE,
                    "a file in a guest is named by its whole path, like /etc/hosts, not '" + path + "'");
        }
        return new CopyOrder(
                body.path("toGuest").asBoolean(),
                path,
                body.path("source").asText(),
                body.path("size").asLong(),
                body.path("mode").asInt(),
                body.path("modifiedMs").asLong());
    }

    static CopyStep step(JsonNode body) {
        try {
            return new CopyStep(
                    CopyStep.What.valueOf(body.path("step").asText().toUpperCase(Locale.ROOT)),
                    body.path("offset").asLong(),
                    bytes(body, "data"));
        } catch (IllegalArgumentException e) {
            throw new ClusterException(ErrorCode.USAGE, "the request's field 'step' is put, finish, get or leave");
        }
    }

    private static int number(JsonNode body, String field, int most) {
        int number = body.path(field).asInt();
        if (number < 0 || number > most) {
            throw new ClusterException(
                    ErrorCode.USAGE, "the request's field '" + field + "' is from 0 to " + most + ", not " + number);
        }
        return number;
    }

    private static byte[] bytes(JsonNode body, String field) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(body.path(field).asText());
        } catch (IllegalArgumentException e) {
            throw new ClusterException(
                    ErrorCode.USAGE, "the request's field '" + field + "' is no base64: " + e.getMessage());
        }
        if (bytes.length > MAX_PART_BYTES) {
            throw new ClusterException(
                    ErrorCode.USAGE, "the request's field '" + field + "' has more than " + MAX_PART_BYTES + " bytes");
        }
        return bytes;
    }
}
