package dev.stardust.chunk.volume;

/** Where the chunks of a disk lie in it, ascending and without overlaps; between them it is zero. */
interface Extents {
    /** Size of the disk in bytes. */
    long sizeBytes();

    /** Number of extents. */
    int count();

    /** Where extent {@code i} starts, in bytes. */
    long offset(int i);

    /** Bytes of extent {@code i}, 1 to 65536. */
    int length(int i);

    /** The first extent that ends after {@code offset}; {@link #count()} when there is none. */
    int firstEndingAfter(long offset);
}
