package dev.stardust.chunk.store;

/**
 * Where a chunk's record lies.
 *
 * @param segment number of the segment file
 * @param offset bytes from the file's start to the record's header
 * @param storedLength bytes as stored
 * @param rawLength bytes when not compressed, 1..65536
 * @param compressed whether the stored bytes are a zstd frame
 */
public record ChunkLocation(int segment, int offset, int storedLength, int rawLength, boolean compressed) {}
