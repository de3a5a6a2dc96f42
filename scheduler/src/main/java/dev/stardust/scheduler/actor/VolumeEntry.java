package dev.stardust.scheduler.actor;

/**
 * The value of the registry key {@code volumes/NAME}: a named volume. Its host makes the disk when a VM uses it first.
 * Written again with the same value by each deployment that uses it, so that one that removes it meanwhile does not apply.
 *
 * @param host id of the host that has it
 * @param sizeMib its size in MiB
 */
public record VolumeEntry(String host, int sizeMib) {
    /** Prefix of the registry's keys of volumes. */
    public static final String PREFIX = "volumes/";
}
