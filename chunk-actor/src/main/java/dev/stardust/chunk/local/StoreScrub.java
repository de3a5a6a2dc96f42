package dev.stardust.chunk.local;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.file.SealedJson;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.store.ChunkSource;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.ScrubReport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Scrubs a local store: finds what is damaged, says whose it is, and mends it from a replica. */
final class StoreScrub {
    private static final Logger LOG = LoggerFactory.getLogger(StoreScrub.class);
    private static final String KIND = "stardust-scrub";
    private static final int VERSION = 1;

    private final ChunkStore chunks;
    private final Path progressFile;
    private final List<ImageRecord> images;
    private final LocalVolumes volumes;
    private final ChunkSource replica;

    /**
     * How far a scrub has come that did not end.
     *
     * @param nextSegment number of the segment that the next one begins with
     */
    record Progress(int nextSegment) {}

    /** @param replica has the same chunks; null when there is none */
    StoreScrub(
            ChunkStore chunks, Path progressFile, List<ImageRecord> images, LocalVolumes volumes, ChunkSource replica) {
        this.chunks = chunks;
        this.progressFile = progressFile;
        this.images = images;
        this.volumes = volumes;
        this.replica = replica;
    }

    ScrubResult run(long bytesPerSecond) throws IOException {
        ScrubReport report = chunks.scrub(
                begin(),
                bytesPerSecond,
                segment -> SealedJson.write(progressFile, KIND, VERSION, new Progress(segment + 1)));
        List<ScrubResult.Touched> touchedImages = new ArrayList<>();
        for (ImageRecord image : images) {
            Check check = new Check();
            check.walk(image.root());
            check.addTo(touchedImages, image.name());
        }
        List<ScrubResult.Touched> touchedVolumes = new ArrayList<>();
        for (String name : volumes.names()) {
            Check check = new Check();
            ChunkId bottom = volumes.bottom(name);
            if (!bottom.isZero()) {
                check.walk(bottom);
            }
            volumes.forEachChunk(name, check::chunk);
            check.addTo(touchedVolumes, name);
        }
        chunks.sync();
        Files.deleteIfExists(progressFile);
        return new ScrubResult(report, touchedImages, touchedVolumes);
    }

    private int begin() throws IOException {
        return Files.exists(progressFile)
                ? SealedJson.read(progressFile, KIND, VERSION, Progress.class).nextSegment()
                : 0;
    }

    /** Looks for what an image or a volume needs and is not there; what describes it is mended on the way. */
    private final class Check {
        private final Set<String> mended = new LinkedHashSet<>();
        private final Set<String> missing = new LinkedHashSet<>();

        void walk(ChunkId root) {
            try {
                ManifestStore.forEach(root, this::piece, this::chunk);
            } catch (IOException e) {
                LOG.warn("a manifest cannot be read", e);
            }
        }

        void addTo(List<ScrubResult.Touched> touched, String name) {
            if (!mended.isEmpty() || !missing.isEmpty()) {
                touched.add(new ScrubResult.Touched(name, List.copyOf(mended), List.copyOf(missing)));
            }
        }

        private byte[] piece(ChunkId id) throws IOException {
            chunk(id);
            return chunks.fetch(id);
        }

        private void chunk(ChunkId id) {
            try {
                if (chunks.contains(id)) {
                    return;
                }
                if (replica != null) {
                    chunks.put(id, ByteBuffer.wrap(replica.fetch(id)));
                    mended.add(id.toString());
                    return;
                }
            } catch (IOException e) {
                LOG.warn("chunk {} is not mended", id, e);
            }
            missing.add(id.toString());
        }
    }
}
