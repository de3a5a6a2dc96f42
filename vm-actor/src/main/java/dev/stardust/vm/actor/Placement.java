package dev.stardust.vm.actor;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * The value of the registry key {@code placements/VM}: where a VM lives.
 *
 * @param host id of the host
 * @param epoch grows by one with each change of place
 */
public record Placement(@JsonProperty(required = true) String host, @JsonProperty(required = true) long epoch) {
    /** Prefix of the registry's keys of placements. */
    public static final String PREFIX = "placements/";

    public Placement {
        if (host == null || host.isEmpty() || epoch < 0) {
            throw new IllegalArgumentException("a placement needs a host and an epoch from 0 on");
        }
    }

    /** The registry's key of a VM's placement. */
    public static String key(String vm) {
        return PREFIX + vm;
    }

    public String toJson() {
        return Json.write(this);
    }

    /**
     * Reads a registry value.
     *
     * @throws IllegalArgumentException when the text is not such a record; the message names the key
     */
    public static Placement parse(String vm, String json) {
        try {
            return Json.read(json, Placement.class);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(key(vm) + ": " + e.getMessage(), e);
        }
    }
}
