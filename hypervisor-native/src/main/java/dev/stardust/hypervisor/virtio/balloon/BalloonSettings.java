package dev.stardust.hypervisor.virtio.balloon;

/**
 * What a balloon offers its guest, and how it is at first.
 *
 * @param targetBytes what the guest is to give up, rounded down to whole pages
 * @param deflateOnOom whether the guest may take pages back by itself before it kills its programs
 * @param freePageReporting whether the guest may report pages that it happens not to use
 * @param statsIntervalMs how often the guest is asked for its figures, 0 for never
 */
public record BalloonSettings(long targetBytes, boolean deflateOnOom, boolean freePageReporting, int statsIntervalMs) {
    public BalloonSettings {
        checkInterval(statsIntervalMs);
    }

    static void checkInterval(int statsIntervalMs) {
        if (statsIntervalMs < 0) {
            throw new IllegalArgumentException("statistics each " + statsIntervalMs + " ms: give 0 for never");
        }
    }
}
