package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.ChunkId;

/**
 * An imported image.
 *
 * @param root the id its manifest is stored under
 * @param manifest the manifest
 * @param sizeBytes size of the image, holes included
 * @param sha256 SHA-256 of the whole image, holes as zeros, in lower-case hex; empty if it was not asked for
 * @param chunks chunks the manifest refers to, counted each time
 * @param newChunks chunks that were not stored before
 * @param storedBytes bytes the store grew by
 */
public record ImportResult(
        ChunkId root,
        Manifest manifest,
        long sizeBytes,
        String sha256,
        long chunks,
        long newChunks,
        long storedBytes) {}
