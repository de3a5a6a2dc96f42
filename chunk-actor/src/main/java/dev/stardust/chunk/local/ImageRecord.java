package dev.stardust.chunk.local;

import dev.stardust.chunk.chunk.ChunkId;

/**
 * An image of a local store.
 *
 * @param name its name
 * @param manifest the root id of its manifest, in hex
 * @param sizeBytes its size, holes included
 * @param sha256 SHA-256 of the whole image, in hex; empty if it was not asked for
 * @param kind what it is: {@link #DISK} or {@link #FILES}
 */
public record ImageRecord(String name, String manifest, long sizeBytes, String sha256, String kind) {
    /** A disk. */
    public static final String DISK = "disk";

    /** A tree of files. */
    public static final String FILES = "files";

    /** Records of before there were others are of disks. */
    public ImageRecord {
        kind = kind == null ? DISK : kind;
    }

    /** The root id of its manifest. */
    ChunkId root() {
        return ChunkId.ofHex(manifest);
    }
}
