package dev.stardust.vm.disk;

import dev.stardust.chunk.shared.SharedView;
import dev.stardust.chunk.store.SegmentReader;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.chunk.volume.ManifestVolume;
import dev.stardust.chunk.volume.SharedVolume;
import dev.stardust.chunk.volume.Volume;
import dev.stardust.vm.worker.EventSink;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the disks of a worker's machines on the node's segments, which it only reads. */
public final class DiskOpener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DiskOpener.class);

    private final Path segments;

    /** Null where disks are not shared. */
    private final Path shared;

    private final Map<UUID, SegmentReader> readers = new HashMap<>();

    /** Reads chunks from the segments in that folder; it need not be there before a disk is opened. */
    public DiskOpener(Path segments) {
        this(segments, null);
    }

    /**
     * As the other, but reads what the node shares where it is.
     *
     * @param shared the folder of shared disks, which need not be there either
     */
    public DiskOpener(Path segments, Path shared) {
        this.segments = segments;
        this.shared = shared;
    }

    /**
     * Opens a disk.
     *
     * @param extents its extent map, written by the node
     * @param delta the file that takes what is written, made if it is not there; of a read-only disk the one that has what
     *     was written before, or null if nothing was
     * @throws IOException with a text for the user; nothing stays open
     */
    public VolumeBlockBackend open(Path extents, Path delta, boolean readOnly) throws IOException {
        return open(extents, delta, readOnly, (name, body) -> {});
    }

    /**
     * As the other.
     *
     * @param events hears {@link SharedMisses#EVENT}
     */
    public VolumeBlockBackend open(Path extents, Path delta, boolean readOnly, EventSink events) throws IOException {
        ExtentMap map = ExtentMap.open(extents);
        Volume base = base(map, events);
        try {
            return new VolumeBlockBackend(
                    delta == null
                            ? base
                            : readOnly
                                    ? DeltaVolume.openReadOnly(delta, base, map.manifest())
                                    : DeltaVolume.open(delta, base, map.manifest()));
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    private Volume base(ExtentMap map, EventSink events) throws IOException {
        SegmentReader segmentReader = reader(map.store());
        Optional<SharedView> view = sharedView(map);
        return view.isPresent()
                ? SharedVolume.of(map, segmentReader, view.get(), new SharedMisses(map.manifest(), events))
                : ManifestVolume.of(map, segmentReader);
    }

    /** Without one a disk works as well. */
    private Optional<SharedView> sharedView(ExtentMap map) {
        if (shared == null) {
            return Optional.empty();
        }
        try {
            return SharedView.open(shared, map.manifest(), map.sizeBytes(), map.count());
        } catch (IOException e) {
            LOG.info("a disk is not shared: {}", e.getMessage());
            return Optional.empty();
        }
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
