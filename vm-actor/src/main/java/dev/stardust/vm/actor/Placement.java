package dev.stardust.vm.actor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * The value of the registry key {@code placements/VM}: where a VM lives.
 *
 * @param host id of the host
 * @param epoch grows by one with each change of place
 */
public record Placement(String host, long epoch) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The registry's key of a VM's placement. */
    public static String key(String vm) {
        return "placements/" + vm;
    }

    /** The registry's value. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Reads a registry value; throws {@link IllegalArgumentException} when it is none. */
    public static Placement parse(String json) {
        try {
            return JSON.readValue(json, Placement.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a placement: " + json, e);
        }
    }
}
