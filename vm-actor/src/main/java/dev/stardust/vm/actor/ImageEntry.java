package dev.stardust.vm.actor;

/**
 * The value of the registry key {@code images/NAME}.
 *
 * @param manifest id of the root chunk of its manifest, hex
 * @param sizeBytes size of the raw image
 * @param sha256 SHA-256 of the raw image, hex
 */
public record ImageEntry(String manifest, long sizeBytes, String sha256) {
    /** Prefix of the registry's keys of images. */
    public static final String PREFIX = "images/";
}
