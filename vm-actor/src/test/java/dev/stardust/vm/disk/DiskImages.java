package dev.stardust.vm.disk;

import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.volume.ExtentMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Disks for tests. */
public final class DiskImages {
    private DiskImages() {}

    /** Imports an image into a store and writes its extent map, as a node does; the image's SHA-256 in hex. */
    public static String make(Path segments, byte[] image, Path extents) throws IOException {
        Path raw = Files.write(extents.resolveSibling(extents.getFileName() + ".raw"), image);
        try (ChunkStore store = ChunkStore.open(segments)) {
            ImportResult imported = new ImageImporter(store).importImage(raw, (done, total) -> {});
            ExtentMap.write(extents, imported.manifest(), imported.root(), store);
            return imported.sha256();
        }
    }
}
