package dev.stardust.chunk.local;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.file.SealedJson;
import dev.stardust.chunk.manifest.DiskData;
import dev.stardust.chunk.manifest.ImageExporter;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.manifest.ManifestRoots;
import dev.stardust.chunk.manifest.ManifestStore;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.store.ChunkSource;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.Posix;
import dev.stardust.chunk.store.SweepReport;
import dev.stardust.chunk.store.WriterLease;
import dev.stardust.chunk.tree.TreeImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Images in one folder: {@code chunks} holds what they are made of, every unique chunk once, {@code images} a record of
 * each. One process has it open at a time. What an import returned for is durable.
 */
public final class LocalStore implements AutoCloseable {
    private static final int THREADS = Runtime.getRuntime().availableProcessors();

    private final ChunkStore chunks;
    private final ImageCatalog catalog;
    private final LocalVolumes volumes;
    private final Path scrubFile;
    private final Path temporary;

    private LocalStore(ChunkStore chunks, ImageCatalog catalog, Path folder) throws IOException {
        this.chunks = chunks;
        this.catalog = catalog;
        volumes = new LocalVolumes(folder, chunks, catalog);
        scrubFile = folder.resolve("scrub.json");
        temporary = folder.resolve("tmp");
    }

    /**
     * Opens the store in {@code folder}, which is made when it is not there.
     *
     * @throws IOException when another process has it open, or it cannot be read
     */
    public static LocalStore open(Path folder) throws IOException {
        return over(folder, ChunkStore::open);
    }

    /**
     * Does in memory some of what a store does, so that classes and native libraries are loaded when one is opened: a tenth of
     * a second, well spent beside what a short-lived process has to begin with.
     */
    public static void warmUp() {
        Posix.LIBC.close(-1);
        ByteBuffer one = ByteBuffer.allocateDirect(1);
        ChunkCodec.encode(Blake3.hash(one), one, ChunkCodec.DEFAULT_LEVEL);
        SealedJson.warmUp(new ImageRecord("", "", 0, "", ImageRecord.DISK));
    }

    /** As {@link #open(Path)}; what is stored from now on is compressed with that level of zstd. */
    public static LocalStore open(Path folder, int zstdLevel) throws IOException {
        ChunkCodec.requireLevel(zstdLevel);
        return over(folder, chunks -> ChunkStore.open(chunks).compressing(zstdLevel));
    }

    /** Opens the chunks of a store. */
    @FunctionalInterface
    public interface ChunksOpener {
        ChunkStore open(Path chunks) throws IOException;
    }

    /** As {@link #open(Path)}, with chunks that are opened in a way of its own. */
    public static LocalStore over(Path folder, ChunksOpener opener) throws IOException {
        ImageCatalog catalog = new ImageCatalog(folder.resolve("images"));
        LocalStore store = new LocalStore(opener.open(folder.resolve("chunks")), catalog, folder);
        DiskFile.removeLeftovers(store.temporary); // It is ours alone now.
        return store;
    }

    /** Its volumes. */
    public LocalVolumes volumes() {
        return volumes;
    }

    /** Its images, by name. */
    public List<ImageRecord> images() throws IOException {
        return catalog.all();
    }

    /** An image. @throws NoSuchFileException when there is none of that name */
    public ImageRecord image(String name) throws IOException {
        return catalog.get(name)
                .orElseThrow(() ->
                        new NoSuchFileException(name, null, "there is no image of this name: see 'stardust image ls'"));
    }

    /**
     * Imports an image under a name; durable when this returns.
     *
     * @param digest whether to take the SHA-256 of the whole too
     * @throws FileAlreadyExistsException when there is an image of that name
     */
    public ImportResult importImage(String name, DiskData data, boolean digest, Progress progress) throws IOException {
        requireNew(name);
        try (WriterLease lease = chunks.lease()) {
            ImportResult result = new ImageImporter(lease, THREADS).importImage(data, digest, progress);
            catalog.put(new ImageRecord(
                    name, result.root().toString(), result.sizeBytes(), result.sha256(), ImageRecord.DISK));
            return result;
        }
    }

    private void requireNew(String name) throws IOException {
        if (catalog.get(name).isPresent()) {
            throw new FileAlreadyExistsException(
                    name, null, "there is an image of this name: give another by --name, or remove that one first");
        }
    }

    /**
     * As {@link #importImage(String, DiskData, boolean, Progress)}, from a file: raw, or qcow2, a tar, an image of a container or a
     * folder, of which a raw image is made in the store's folder first.
     */
    public ImportResult importFile(String name, Path file, boolean digest, Progress progress) throws IOException {
        try (DiskData data = DiskFile.open(file, temporary)) {
            return importImage(name, data, digest, progress);
        }
    }

    /**
     * Imports the files of a folder, a tar or an image of a container under a name, each for itself; durable when this returns.
     *
     * @throws FileAlreadyExistsException when there is an image of that name
     */
    public ImportResult importFiles(String name, Path source) throws IOException {
        requireNew(name);
        try (WriterLease lease = chunks.lease()) {
            ImportResult result = TreeImage.store(source, temporary, lease, THREADS);
            catalog.put(new ImageRecord(name, result.root().toString(), result.sizeBytes(), "", ImageRecord.FILES));
            return result;
        }
    }

    /** The files of an image. @throws IOException when it is a disk */
    public TreeImage files(String name) throws IOException {
        if (!image(name).kind().equals(ImageRecord.FILES)) {
            throw new IOException("image " + name + " is a disk and no tree of files: see 'stardust image export'");
        }
        return TreeImage.open(manifest(name), chunks)
                .orElseThrow(() -> new IOException("image " + name + " does not end as a tree of files does"));
    }

    /**
     * Writes the small file with that BLAKE3, in hex, of whatever tree has it.
     *
     * @throws NoSuchFileException when none has
     */
    public void copyFile(String hash, OutputStream to) throws IOException {
        ChunkId id = ChunkId.ofHex(hash);
        for (ImageRecord image : catalog.all()) {
            if (image.kind().equals(ImageRecord.FILES) && files(image.name()).copy(id, to)) {
                return;
            }
        }
        throw new NoSuchFileException(hash, null, "no small file of this store has that hash");
    }

    /** What an image is made of. */
    public Manifest manifest(String name) throws IOException {
        return ManifestStore.read(image(name).root(), chunks);
    }

    /**
     * Writes an image into a new sparse file, which is there whole or not at all.
     *
     * @throws FileAlreadyExistsException when the file is there
     */
    public void export(String name, Path target, Progress progress) throws IOException {
        if (!image(name).kind().equals(ImageRecord.DISK)) {
            throw new IOException("image " + name + " is a tree of files and no disk: see 'stardust files export'");
        }
        Manifest manifest = manifest(name);
        NewFile.write(target, file -> new ImageExporter(chunks, THREADS).export(manifest, file, progress));
    }

    /** Removes an image. The space of what it alone had comes back with the next {@link #collect}. */
    public void remove(String name) throws IOException {
        if (!catalog.remove(name)) {
            image(name);
        }
    }

    /** Gives the space back of what no image and no volume needs; see {@link ChunkStore#collect}. */
    public SweepReport collect(boolean dryRun) throws IOException {
        if (!dryRun) {
            volumes.removeUnneededLayers();
        }
        return chunks.collect(this::roots, segment -> false, dryRun);
    }

    private void roots(Consumer<ChunkId> needed) throws IOException {
        new ManifestRoots(this::manifests, chunks).forEach(needed);
        volumes.forEachChunk(needed);
    }

    /** Of images first: a volume that is made of one is seen if its image, removed afterwards, is not. */
    private Set<ChunkId> manifests() throws IOException {
        Set<ChunkId> ids = new HashSet<>();
        catalog.all().forEach(image -> ids.add(image.root()));
        ids.addAll(volumes.manifests());
        return ids;
    }

    /**
     * Reads all chunks from the disk and checks them; one that was stopped goes on where it was.
     *
     * @param bytesPerSecond how much is read at most, 0 for no limit
     * @param replica another store to mend from, null for none
     */
    public ScrubResult scrub(long bytesPerSecond, LocalStore replica) throws IOException {
        ChunkSource source = replica == null ? null : replica.chunks;
        return new StoreScrub(chunks, scrubFile, catalog.all(), volumes, source).run(bytesPerSecond);
    }

    /** What it holds, and what of it is whose. */
    public StoreUsage usage() throws IOException {
        return UsageCounter.count(catalog.all(), chunks);
    }

    @Override
    public void close() throws IOException {
        chunks.close();
    }
}
