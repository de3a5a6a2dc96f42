package dev.stardust.scheduler.actor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stardust.vm.spec.VmSpec;

/**
 * The value of the registry key {@code vms/NAME}.
 *
 * @param spec what the VM is made of
 * @param deployment the deployment it belongs to, empty for a VM that was run alone
 * @param spread whether VMs of its deployment are spread over hosts
 */
public record VmEntry(VmSpec spec, String deployment, boolean spread) {
    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** The registry's key of a VM. */
    public static String key(String vm) {
        return "vms/" + vm;
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
    public static VmEntry parse(String json) {
        try {
            return JSON.readValue(json, VmEntry.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a VM: " + json, e);
        }
    }

    String group() {
        return spread ? deployment : "";
    }
}
