package dev.stardust.vm.actor;

/**
 * The value of the registry key {@code placements/VM}: where a VM lives.
 *
 * @param host id of the host
 * @param epoch grows by one with each change of place
 */
public record Placement(String host, long epoch) {
    /** Prefix of the registry's keys of placements. */
    public static final String PREFIX = "placements/";
}
