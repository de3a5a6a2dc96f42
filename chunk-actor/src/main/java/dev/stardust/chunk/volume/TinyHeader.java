package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;

/**
 * What a volume of a store is, but for what was written to it.
 *
 * @param base what lies below: the root id of a manifest, or the id of a layer; {@link ChunkId#ZERO} for zeros
 * @param baseIsLayer which of both
 * @param sizeBytes its size, whatever the size of what lies below
 * @param number told again in the header of its delta, so that a delta of earlier is not taken for it
 */
public record TinyHeader(ChunkId base, boolean baseIsLayer, long sizeBytes, int number) {
    /** What its delta says it lies over. */
    ChunkId deltaBase() {
        return new ChunkId(0, 0, 0, Integer.toUnsignedLong(number));
    }
}
