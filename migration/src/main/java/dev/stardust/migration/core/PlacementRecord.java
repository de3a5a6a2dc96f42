package dev.stardust.migration.core;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * The value of {@code placements/VM}: where the VM lives.
 *
 * @param host host id
 * @param epoch grows by one with each change of place
 */
public record PlacementRecord(String host, long epoch) {
    /** The registry's key of a VM's placement. */
    public static String key(String vm) {
        return "placements/" + vm;
    }

    public String toJson() {
        return RecordJson.object().put("host", host).put("epoch", epoch).toString();
    }

    /**
     * Reads a registry value.
     *
     * @throws IllegalArgumentException when the text is not such a record; the message names the field
     */
    public static PlacementRecord parse(String vm, String json) {
        JsonNode node = RecordJson.parse(key(vm), json);
        return new PlacementRecord(RecordJson.text(key(vm), node, "host"), RecordJson.number(key(vm), node, "epoch"));
    }
}
