package dev.stardust.chunk.shared;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.hypervisor.libc.MappedMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * The file of a shared disk, {@code ROOT.disk}: a page of header, a bit for each extent that is there, the disk's bytes. It is
 * in memory and goes with it; {@code docs/formats.md}.
 *
 * @param root the id of the disk's manifest
 * @param sizeBytes of the disk
 * @param extents how many pieces it has
 */
record SharedLayout(ChunkId root, long sizeBytes, long extents) {
    static final int HEADER_BYTES = 24 + ChunkId.BYTES;

    private static final long MAGIC = 0x3145524148534453L; // "SDSHARE1"

    Path file(Path folder) {
        return folder.resolve(root + ".disk");
    }

    /** Where the bits are that tell which extents are there. */
    long presentAt() {
        return MappedMemory.PAGE_SIZE;
    }

    /** Where the disk's first byte is. */
    long dataAt() {
        return presentAt() + pages(SharedBits.bytes(extents));
    }

    long fileBytes() {
        return dataAt() + pages(sizeBytes);
    }

    private static long pages(long bytes) {
        return (bytes + MappedMemory.PAGE_SIZE - 1) / MappedMemory.PAGE_SIZE * MappedMemory.PAGE_SIZE;
    }

    /** What the file begins with, in a direct buffer. */
    ByteBuffer header() {
        ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(0, MAGIC).putLong(8, sizeBytes).putLong(16, extents);
        root.put(header, 24);
        return header;
    }
}
