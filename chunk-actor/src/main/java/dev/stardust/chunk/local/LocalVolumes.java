package dev.stardust.chunk.local;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.WriterLease;
import dev.stardust.chunk.volume.DeltaVolume;
import dev.stardust.chunk.volume.LayeredVolume;
import dev.stardust.chunk.volume.LayeredVolume.Below;
import dev.stardust.chunk.volume.TinyHeader;
import dev.stardust.chunk.volume.VolumeDiff;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The volumes of a local store: disks that are written to, over images, over each other, or over nothing. Making, cloning and
 * resetting one takes as long whatever its size. What it says done is durable. Thread safe, but a volume that is open
 * cannot be cloned, reset, resized or removed.
 */
public final class LocalVolumes {
    private static final int SECTOR_BYTES = 512;
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    private final ChunkStore chunks;
    private final ImageCatalog images;
    private final VolumeFiles files;

    LocalVolumes(Path store, ChunkStore chunks, ImageCatalog images) throws IOException {
        this.chunks = chunks;
        this.images = images;
        files = new VolumeFiles(store);
    }

    /** The names of all, sorted. */
    public List<String> names() throws IOException {
        return files.names();
    }

    /** A volume as it is now; it must not be open. */
    public synchronized VolumeInfo info(String name) throws IOException {
        ChunkId bottom = bottom(name);
        try (LayeredVolume volume = open(name)) {
            return new VolumeInfo(
                    name,
                    volume.sizeBytes(),
                    images.all().stream()
                            .filter(i -> i.root().equals(bottom))
                            .map(ImageRecord::name)
                            .findFirst()
                            .orElse(""),
                    volume.layers(),
                    volume.ownBytes(),
                    volume.deltaBytes());
        }
    }

    /** Makes a volume that is zero, of a multiple of 512 bytes. */
    public synchronized void create(String name, long sizeBytes) throws IOException {
        files.create(name, ChunkId.ZERO, false, checkedSize(sizeBytes));
    }

    /** Makes a volume that is as an image is. */
    public synchronized void createFrom(String name, ImageRecord image) throws IOException {
        if (!image.kind().equals(ImageRecord.DISK)) {
            throw new IOException(
                    "image " + image.name() + " is a tree of files and no disk: import it by 'image import'");
        }
        // A collection lists images before it lists volumes: it sees the one or the other.
        synchronized (images) {
            if (images.get(image.name()).isEmpty()) {
                throw new IOException("image " + image.name() + " was removed meanwhile");
            }
            files.create(name, image.root(), false, checkedSize(sectors(image.sizeBytes())));
        }
    }

    private static long sectors(long sizeBytes) {
        return (sizeBytes + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES;
    }

    private static long checkedSize(long sizeBytes) throws IOException {
        if (sizeBytes < SECTOR_BYTES || sizeBytes > DeltaVolume.MAX_SIZE_BYTES || sizeBytes % SECTOR_BYTES != 0) {
            throw new IOException("a volume of " + sizeBytes + " bytes: give a multiple of " + SECTOR_BYTES + " up to "
                    + DeltaVolume.MAX_SIZE_BYTES);
        }
        return sizeBytes;
    }

    /** Opens a volume to read and write. @throws IOException when it is open already */
    public synchronized LayeredVolume open(String name) throws IOException {
        Path file = files.volume(name);
        return LayeredVolume.open(file, true, below(LayeredVolume.header(file)), chunks);
    }

    private Below below(TinyHeader header) throws IOException {
        if (header.baseIsLayer()) {
            Path layer = files.layer(header.base());
            LayeredVolume below = LayeredVolume.open(layer, false, below(LayeredVolume.header(layer)), chunks);
            return Below.of(below);
        }
        return header.base().isZero() ? Below.ZEROS : Below.of(ManifestStore.read(header.base(), chunks));
    }

    /** The manifest at the bottom of a volume, {@link ChunkId#ZERO} if there is none. */
    ChunkId bottom(String name) throws IOException {
        TinyHeader header = LayeredVolume.header(files.volume(name));
        while (header.baseIsLayer()) {
            header = LayeredVolume.header(files.layer(header.base()));
        }
        return header.base();
    }

    /** Makes a volume that is as another is now; from then on each goes its own way. */
    public synchronized void clone(String from, String to) throws IOException {
        files.requireNew(to);
        TinyHeader header = LayeredVolume.header(files.volume(from));
        if (LayeredVolume.isEmpty(files.volume(from))) {
            files.create(to, header.base(), header.baseIsLayer(), header.sizeBytes());
            return;
        }
        ChunkId layer = freeze(from, header.sizeBytes());
        files.create(to, layer, true, header.sizeBytes());
    }

    /** Puts a volume over what it is now. */
    private ChunkId freeze(String name, long sizeBytes) throws IOException {
        open(name).close(); // It is nobody else's, and whole.
        ChunkId layer = files.freeze(name);
        files.replace(name, layer, true, sizeBytes);
        return layer;
    }

    /** Drops what was written to a volume since it was made, cloned, sealed or resized. */
    public synchronized void reset(String name) throws IOException {
        open(name).close();
        TinyHeader header = LayeredVolume.header(files.volume(name));
        files.replace(name, header.base(), header.baseIsLayer(), header.sizeBytes());
    }

    /** Gives a volume another size, a multiple of 512 bytes: what is cut off is gone, what is added is zero. */
    public synchronized void resize(String name, long sizeBytes) throws IOException {
        checkedSize(sizeBytes);
        if (LayeredVolume.header(files.volume(name)).sizeBytes() != sizeBytes) {
            freeze(name, sizeBytes);
        }
    }

    /** Makes an image of a volume as it is now, and puts the volume over it, so that it has one layer. */
    public synchronized ImageRecord seal(String name, String image) throws IOException {
        if (images.get(image).isPresent()) {
            throw new FileAlreadyExistsException(
                    image, null, "there is an image of this name: give another, or remove that one first");
        }
        try (WriterLease lease = chunks.lease()) {
            ImageRecord record;
            try (LayeredVolume volume = open(name)) {
                Manifest manifest = volume.seal(lease, THREADS);
                ChunkId root = ManifestStore.write(manifest, lease);
                lease.sync();
                record = new ImageRecord(image, root.toString(), manifest.sizeBytes(), "", ImageRecord.DISK);
            }
            images.put(record);
            files.replace(name, record.root(), false, record.sizeBytes());
            return record;
        }
    }

    /** Moves what was written to a volume into chunks, so that it is stored once; gives how many bytes. */
    public long deduplicate(String name) throws IOException {
        try (LayeredVolume volume = open(name)) {
            return deduplicate(volume);
        }
    }

    /** As {@link #deduplicate(String)}, of a volume that is open and in use. */
    public long deduplicate(LayeredVolume volume) throws IOException {
        try (WriterLease lease = chunks.lease()) {
            return volume.deduplicate(lease);
        }
    }

    /** Tells where two volumes differ. */
    public synchronized void diff(String one, String other, VolumeDiff.Consumer consumer) throws IOException {
        if (!one.equals(other)) {
            try (LayeredVolume a = open(one);
                    LayeredVolume b = open(other)) {
                VolumeDiff.compare(a, b, consumer);
            }
        }
    }

    /** Removes a volume. What it alone needed comes back with the next collection. */
    public synchronized void remove(String name) throws IOException {
        open(name).close();
        files.remove(name);
    }

    /** The manifests at the bottoms. */
    synchronized Set<ChunkId> manifests() throws IOException {
        Set<ChunkId> manifests = new HashSet<>();
        for (Path file : allFiles()) {
            TinyHeader header = LayeredVolume.header(file);
            if (!header.baseIsLayer() && !header.base().isZero()) {
                manifests.add(header.base());
            }
        }
        return manifests;
    }

    /** Calls for each chunk that a volume and the layers below it have of their own. */
    synchronized void forEachChunk(String name, Consumer<ChunkId> consumer) throws IOException {
        Path file = files.volume(name);
        LayeredVolume.forEachChunk(file, consumer);
        for (TinyHeader h = LayeredVolume.header(file); h.baseIsLayer(); h = LayeredVolume.header(file)) {
            file = files.layer(h.base());
            LayeredVolume.forEachChunk(file, consumer);
        }
    }

    /** Calls for each chunk that volumes have of their own. */
    synchronized void forEachChunk(Consumer<ChunkId> consumer) throws IOException {
        for (Path file : allFiles()) {
            LayeredVolume.forEachChunk(file, consumer);
        }
    }

    /** The first files of all volumes and of the layers that they need. */
    private List<Path> allFiles() throws IOException {
        List<Path> all = new ArrayList<>();
        for (String name : files.names()) {
            all.add(files.volume(name));
        }
        files.neededLayers().forEach(id -> all.add(files.layer(id)));
        return all;
    }

    /** Removes the layers that no volume needs. */
    synchronized void removeUnneededLayers() throws IOException {
        files.removeUnneededLayers();
    }
}
