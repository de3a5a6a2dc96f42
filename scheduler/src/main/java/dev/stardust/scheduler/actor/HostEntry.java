package dev.stardust.scheduler.actor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * The value of the registry key {@code hosts/ID}.
 *
 * @param id the host's id
 * @param name the host's name
 * @param address host name or IP address that others reach it at
 * @param portBase first of its four ports
 * @param memoryMib memory it gives to VMs
 * @param cpus its processors
 */
public record HostEntry(String id, String name, String address, int portBase, int memoryMib, int cpus) {
    /** Prefix of the registry's keys of hosts. */
    public static final String PREFIX = "hosts/";

    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** The registry's key of a host. */
    public static String key(String id) {
        return PREFIX + id;
    }

    /** The lease that a host lives by. */
    public static String lease(String id) {
        return "host-" + id;
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
    public static HostEntry parse(String json) {
        try {
            return JSON.readValue(json, HostEntry.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a host: " + json, e);
        }
    }
}
