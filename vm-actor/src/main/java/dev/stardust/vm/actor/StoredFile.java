package dev.stardust.vm.actor;

/**
 * A file in the ring.
 *
 * @param manifest id of the root chunk of its manifest, hex
 * @param sizeBytes its size
 * @param sha256 its SHA-256, hex
 */
public record StoredFile(String manifest, long sizeBytes, String sha256) {}
