package dev.stardust.chunk.local;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.store.DurableFolder;
import dev.stardust.chunk.store.NativeFile;
import dev.stardust.chunk.volume.LayeredVolume;
import dev.stardust.chunk.volume.TinyHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The files of a store's volumes: {@code volumes/NAME.tiny} and {@code volumes/NAME.NUMBER.delta} are written to, {@code
 * layers/ID.tiny} and {@code layers/ID.NUMBER.delta} lie below them and are written no more. What it made, replaced or
 * removed is durable on return; a crash at any point leaves a volume as it was before or after, and files that nobody needs.
 */
final class VolumeFiles {
    private final Path volumes;
    private final Path layers;
    private final SecureRandom random = new SecureRandom();

    /** Prepares the folders, and removes what a crash has left. */
    VolumeFiles(Path store) throws IOException {
        volumes = DurableFolder.create(store.resolve("volumes"));
        layers = DurableFolder.create(store.resolve("layers"));
        for (String name : names()) {
            if (Files.size(file(name)) == 0) {
                Files.delete(file(name)); // It was being made, and nobody was told that it was.
            } else {
                removeStaleDeltas(name);
            }
        }
        removeWithoutFirst(volumes);
    }

    /** The names of all volumes, sorted. */
    List<String> names() throws IOException {
        return firstFiles(volumes).stream().sorted().toList();
    }

    /** The first files of a folder, by what their names begin with. */
    private static List<String> firstFiles(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + LayeredVolume.SUFFIX)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                names.add(name.substring(0, name.length() - LayeredVolume.SUFFIX.length()));
            }
        }
        return names;
    }

    /** The first file of a volume that there is. */
    Path volume(String name) throws IOException {
        Path file = file(name);
        if (!Files.exists(file)) {
            throw new NoSuchFileException(name, null, "there is no volume of this name: see 'stardust volume ls'");
        }
        return file;
    }

    private Path file(String name) throws IOException {
        return volumes.resolve(StoreName.require(name, "a volume") + LayeredVolume.SUFFIX);
    }

    /** The first file of a layer. */
    Path layer(ChunkId id) {
        return layers.resolve(id + LayeredVolume.SUFFIX);
    }

    /** Makes a volume to which nothing was written. */
    void create(String name, ChunkId base, boolean baseIsLayer, long sizeBytes) throws IOException {
        requireNew(name);
        LayeredVolume.createNew(file(name), new TinyHeader(base, baseIsLayer, sizeBytes, random.nextInt()));
    }

    /** @throws FileAlreadyExistsException when there is a volume of that name */
    void requireNew(String name) throws IOException {
        if (Files.exists(file(name))) {
            throw new FileAlreadyExistsException(
                    name, null, "there is a volume of this name: give another, or remove that one first");
        }
    }

    /** Makes an existing volume one to which nothing was written. */
    void replace(String name, ChunkId base, boolean baseIsLayer, long sizeBytes) throws IOException {
        int number = LayeredVolume.header(volume(name)).number() + 1;
        LayeredVolume.create(file(name), new TinyHeader(base, baseIsLayer, sizeBytes, number));
        removeStaleDeltas(name);
    }

    /** Lets what a volume is now be a layer too; gives its id. The caller then puts the volume over it by {@link #replace}. */
    ChunkId freeze(String name) throws IOException {
        Path file = volume(name);
        TinyHeader header = LayeredVolume.header(file);
        byte[] bytes = new byte[ChunkId.BYTES];
        random.nextBytes(bytes);
        Path layer = layer(ChunkId.of(bytes));
        Path delta = LayeredVolume.deltaFile(file, header);
        if (Files.exists(delta)) {
            Files.createLink(LayeredVolume.deltaFile(layer, header), delta);
        }
        Files.createLink(layer, file);
        NativeFile.syncDirectory(layers);
        return ChunkId.get(ByteBuffer.wrap(bytes), 0);
    }

    void remove(String name) throws IOException {
        Files.delete(volume(name));
        NativeFile.syncDirectory(volumes);
        removeWithoutFirst(volumes);
    }

    private void removeStaleDeltas(String name) throws IOException {
        Path file = file(name);
        Path current = LayeredVolume.deltaFile(file, LayeredVolume.header(file));
        try (DirectoryStream<Path> deltas = Files.newDirectoryStream(volumes, name + ".????????.delta")) {
            for (Path delta : deltas) {
                if (!delta.equals(current)) {
                    Files.delete(delta);
                }
            }
        }
    }

    /** Removes deltas whose volume is gone. */
    private static void removeWithoutFirst(Path folder) throws IOException {
        Set<String> names = new HashSet<>(firstFiles(folder));
        try (DirectoryStream<Path> deltas = Files.newDirectoryStream(folder, "*.????????.delta")) {
            for (Path delta : deltas) {
                String name = delta.getFileName().toString().replaceFirst("\\.[0-9a-f]{8}\\.delta$", "");
                if (!names.contains(name)) {
                    Files.delete(delta);
                }
            }
        }
    }

    /** The layers that volumes need. */
    Set<ChunkId> neededLayers() throws IOException {
        Set<ChunkId> needed = new HashSet<>();
        for (String name : names()) {
            TinyHeader header = LayeredVolume.header(file(name));
            while (header.baseIsLayer() && needed.add(header.base())) {
                header = LayeredVolume.header(layer(header.base()));
            }
        }
        return needed;
    }

    /** Removes the layers that no volume needs. */
    void removeUnneededLayers() throws IOException {
        Set<ChunkId> needed = neededLayers();
        for (String name : firstFiles(layers)) {
            if (!name.matches("[0-9a-f]{64}") || !needed.contains(ChunkId.ofHex(name))) {
                Files.delete(layers.resolve(name + LayeredVolume.SUFFIX));
            }
        }
        NativeFile.syncDirectory(layers);
        removeWithoutFirst(layers);
    }
}
