package dev.stardust.hypervisor.boot;

import java.util.List;

/**
 * A file or directory of an {@link IsoImage}.
 *
 * @param name its name in its directory: by Rock Ridge, or that of ISO 9660 without version
 * @param kind what it is
 * @param extents where its bytes are, in order; all lie in the image
 */
public record IsoFile(String name, Kind kind, List<Extent> extents) {
    /** What a directory record can stand for. */
    enum Kind {
        FILE,
        DIRECTORY,
        LINK
    }

    /**
     * Adjoining bytes of the image.
     *
     * @param offset bytes from the image's start
     */
    record Extent(long offset, long bytes) {}

    public IsoFile {
        extents = List.copyOf(extents);
    }

    /** Length in bytes. */
    public long sizeBytes() {
        return extents.stream().mapToLong(Extent::bytes).sum();
    }

    boolean isDirectory() {
        return kind == Kind.DIRECTORY;
    }
}
