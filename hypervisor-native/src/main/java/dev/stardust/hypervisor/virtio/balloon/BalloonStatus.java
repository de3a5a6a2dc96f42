package dev.stardust.hypervisor.virtio.balloon;

/**
 * A balloon as it is.
 *
 * @param targetBytes what the guest is to give up
 * @param actualBytes what it says that it has given up: its word, not checked
 * @param stats the guest's last figures, or null if there are none
 */
public record BalloonStatus(long targetBytes, long actualBytes, GuestStats stats) {}
