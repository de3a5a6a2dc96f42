package dev.stardust.hypervisor.memory;

/**
 * Hashes pages in batches. It must resist collisions, since a page with a known hash is not compared byte by byte: BLAKE3.
 */
@FunctionalInterface
public interface PageHasher {
    /** Bytes of a hash. */
    int HASH_BYTES = 32;

    /** Writes {@code pages} hashes of 32 bytes each, one after the other, to {@code hashes}. */
    void hash(long address, int pages, long hashes);
}
