package dev.stardust.vm.disk;

import dev.stardust.chunk.store.SegmentReader;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.chunk.volume.ManifestVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** Opens the disks of a worker's machines on the node's segments, which it only reads. */
public final class DiskOpener implements AutoCloseable {
    private final Path segments;
    private final Map<UUID, SegmentReader> readers = new HashMap<>();

    /** Reads chunks from the segments in that folder; it need not be there before a disk is opened. */
    public DiskOpener(Path segments) {
        this.segments = segments;
    }

    /**
     * Opens a disk.
     *
     * @param extents its extent map, written by the node
     * @param delta the file that takes what is written, made if it is not there; not used for a read-only disk
     * @throws IOException with a text for the user; nothing stays open
     */
    public VolumeBlockBackend open(Path extents, Path delta, boolean readOnly) throws IOException {
        ExtentMap map = ExtentMap.open(extents);
        ManifestVolume base = ManifestVolume.of(map, reader(map.store()));
        return new VolumeBlockBackend(readOnly ? base : DeltaVolume.open(delta, base, map.manifest()));
    }

    /** The disks must be closed before. */
    @Override
    public synchronized void close() throws IOException {
        for (SegmentReader reader : readers.values()) {
            reader.close();
        }
        readers.clear();
    }

    private synchronized SegmentReader reader(UUID store) {
        return readers.computeIfAbsent(store, id -> new SegmentReader(segments, id));
    }
}
