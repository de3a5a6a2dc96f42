package dev.stardust.chunk.volume;

import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.SegmentReader;
import java.io.IOException;

/**
 * A read-only disk made of the chunks that an extent map or a manifest names. Every chunk is verified against its id when it is read
 * from its segment, and stays decompressed for a while, so that a sequential reader decompresses each once.
 */
public final class ManifestVolume extends ExtentVolume {
    private final ChunkCache cache;

    private ManifestVolume(Extents extents, ChunkCache.Loader loader) {
        super(extents);
        cache = new ChunkCache(loader);
    }

    /** Serves {@code extents} from {@code segments}, which stays open for its whole life and is not closed by it. */
    public static ManifestVolume of(ExtentMap extents, SegmentReader segments) throws IOException {
        if (!extents.store().equals(segments.store())) {
            throw new IOException("the extent map points into chunk store " + extents.store() + ", not "
                    + segments.store() + ": deploy the VM again");
        }
        return new ManifestVolume(
                extents,
                (i, address) -> segments.read(
                        extents.segment(i), extents.recordOffset(i), extents.id(i), extents.length(i), address));
    }

    /** Serves a manifest's chunks from the store that has them, which is not closed by it. */
    public static ManifestVolume of(Manifest manifest, ChunkReader chunks) {
        return new ManifestVolume(
                new ManifestExtents(manifest),
                (i, address) -> chunks.read(manifest.id(i), manifest.length(i), address));
    }

    /** {@link Extents} as a manifest has them. */
    private record ManifestExtents(Manifest manifest) implements Extents {
        @Override
        public long sizeBytes() {
            return manifest.sizeBytes();
        }

        @Override
        public int count() {
            return manifest.count();
        }

        @Override
        public long offset(int i) {
            return manifest.offset(i);
        }

        @Override
        public int length(int i) {
            return manifest.length(i);
        }

        @Override
        public int firstEndingAfter(long offset) {
            return manifest.firstEndingAfter(offset);
        }
    }

    @Override
    long address(int i) throws IOException {
        return cache.address(i);
    }

    /** How often a chunk was read from its segment. */
    synchronized long chunkLoads() {
        return cache.loads();
    }

    @Override
    public void close() {}
}
