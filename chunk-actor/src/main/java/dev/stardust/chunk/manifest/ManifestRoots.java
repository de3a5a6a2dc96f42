package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.store.ChunkSource;
import dev.stardust.chunk.store.ChunkStore;
import java.io.IOException;
import java.util.Collection;
import java.util.function.Consumer;

/** Manifests as roots: each needs its pieces and its chunks. */
public final class ManifestRoots implements ChunkStore.Roots {
    /** Lists manifests. */
    @FunctionalInterface
    public interface Manifests {
        /** Their root ids, as of now. */
        Collection<ChunkId> ids() throws IOException;
    }

    private final Manifests manifests;
    private final ChunkSource source;

    /**
     * Prepares.
     *
     * @param source has the manifests' pieces
     */
    public ManifestRoots(Manifests manifests, ChunkSource source) {
        this.manifests = manifests;
        this.source = source;
    }

    @Override
    public void forEach(Consumer<ChunkId> needed) throws IOException {
        for (ChunkId id : manifests.ids()) {
            ManifestStore.forEach(id, source, needed);
        }
    }
}
