package dev.stardust.chunk.local;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.store.ChunkLocation;
import dev.stardust.chunk.store.ChunkMissingException;
import dev.stardust.chunk.store.ChunkStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts a {@link StoreUsage}. */
final class UsageCounter {
    /** Of a chunk: which image needs it, or that several do. */
    private static final int SEVERAL = -1;

    private final ChunkStore chunks;
    private final Map<ChunkId, Use> uses = new HashMap<>();

    /** How a chunk is used. */
    private static final class Use {
        final int storedBytes;
        int image;
        int countedFor;

        Use(int image, int storedBytes) {
            this.image = image;
            this.storedBytes = storedBytes;
            countedFor = SEVERAL;
        }
    }

    private UsageCounter(ChunkStore chunks) {
        this.chunks = chunks;
    }

    static StoreUsage count(List<ImageRecord> images, ChunkStore chunks) throws IOException {
        return new UsageCounter(chunks).count(images);
    }

    private StoreUsage count(List<ImageRecord> images) throws IOException {
        List<Manifest> manifests = new ArrayList<>();
        long uniqueBytes = 0;
        long storedBytes = 0;
        for (int k = 0; k < images.size(); k++) {
            Manifest manifest = ManifestStore.read(images.get(k).root(), chunks);
            manifests.add(manifest);
            for (int i = 0; i < manifest.count(); i++) {
                Use use = uses.get(manifest.id(i));
                if (use == null) {
                    ChunkLocation at = locate(manifest.id(i));
                    uses.put(manifest.id(i), new Use(k, at.storedLength()));
                    uniqueBytes += at.rawLength();
                    storedBytes += at.storedLength();
                } else if (use.image != k) {
                    use.image = SEVERAL;
                }
            }
        }
        List<StoreUsage.OfImage> each = new ArrayList<>();
        for (int k = 0; k < images.size(); k++) {
            each.add(ofImage(images.get(k).name(), k, manifests.get(k)));
        }
        return new StoreUsage(
                each,
                each.stream().mapToLong(StoreUsage.OfImage::logicalBytes).sum(),
                each.stream().mapToLong(StoreUsage.OfImage::dataBytes).sum(),
                uniqueBytes,
                storedBytes,
                chunks.stats());
    }

    private ChunkLocation locate(ChunkId id) throws IOException {
        return chunks.locate(id).orElseThrow(() -> new ChunkMissingException(id));
    }

    private StoreUsage.OfImage ofImage(String name, int k, Manifest manifest) {
        long unique = 0;
        long stored = 0;
        long own = 0;
        for (int i = 0; i < manifest.count(); i++) {
            Use use = uses.get(manifest.id(i));
            if (use.countedFor != k) {
                use.countedFor = k;
                unique += manifest.length(i);
                stored += use.storedBytes;
                own += use.image == k ? use.storedBytes : 0;
            }
        }
        return new StoreUsage.OfImage(name, manifest.sizeBytes(), manifest.dataBytes(), unique, stored, own);
    }
}
