package dev.stardust.ops.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** {@code node.yaml}: the settings of a node that are neither flags nor environment. */
final class NodeYaml {
    private static final Set<String> FIELDS = Set.of(
            "name", "bind", "port-base", "memory-mib", "token-file", "insecure", "confine", "nat", "downtime-limit-ms");

    private NodeYaml() {}

    /** Field to value; empty when there is no such file. */
    static Map<String, String> read(Path file) throws IOException {
        Map<String, String> values = new HashMap<>();
        if (!Files.exists(file)) {
            return values;
        }
        JsonNode root;
        try {
            root = new YAMLMapper().readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new ClusterException(
                    ErrorCode.USAGE, file + ":" + e.getLocation().getLineNr() + ": no YAML: " + e.getOriginalMessage());
        }
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (!FIELDS.contains(field.getKey()) || !field.getValue().isValueNode()) {
                throw new ClusterException(
                        ErrorCode.USAGE,
                        file + ": unknown field '" + field.getKey() + "'; known are "
                                + FIELDS.stream().sorted().toList());
            }
            values.put(field.getKey(), field.getValue().asText());
        }
        return values;
    }
}
