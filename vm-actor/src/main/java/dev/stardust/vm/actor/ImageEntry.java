package dev.stardust.vm.actor;

/**
 * The value of the registry key {@code images/NAME}.
 *
 * @param manifest id of the root chunk of its manifest, hex
 * @param sizeBytes size of the raw image
 * @param sha256 SHA-256 of the raw image, hex
 * @param boot how it starts, or null for an image that is a disk and no more
 */
public record ImageEntry(String manifest, long sizeBytes, String sha256, ImageBoot boot) {
    /** Prefix of the registry's keys of images. */
    public static final String PREFIX = "images/";
}
