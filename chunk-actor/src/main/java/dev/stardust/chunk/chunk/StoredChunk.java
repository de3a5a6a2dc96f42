package dev.stardust.chunk.chunk;

import java.nio.ByteBuffer;

/**
 * A chunk as it is stored and sent: compressed where that pays.
 *
 * @param id the BLAKE3 hash of the raw bytes
 * @param rawLength bytes when not compressed, 1..65536
 * @param compressed whether {@code bytes} is one zstd frame
 * @param bytes the stored bytes between position and limit
 */
public record StoredChunk(ChunkId id, int rawLength, boolean compressed, ByteBuffer bytes) {}
