package dev.stardust.chunk.store;

/**
 * What a store holds.
 *
 * @param chunks number of chunks
 * @param rawBytes their length when not compressed
 * @param storedBytes their length as stored, without record headers
 * @param segments number of segment files
 * @param damagedBytes bytes of segments that hold no readable record
 * @param indexBytes memory of the index
 */
public record StoreStats(
        long chunks, long rawBytes, long storedBytes, int segments, long damagedBytes, long indexBytes) {}
