package dev.stardust.chunk.store;

/**
 * A record that a scrub found damaged.
 *
 * @param segment number of its segment
 * @param offset where it begins in the segment
 * @param fingerprint bytes 8..15 of the id of its chunk, as a big-endian number
 * @param reason what is wrong
 */
public record Damage(int segment, int offset, long fingerprint, String reason) {}
