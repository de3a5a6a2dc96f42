package dev.stardust.chunk.local;

import dev.stardust.chunk.file.DamagedFileException;
import dev.stardust.chunk.file.SealedJson;
import dev.stardust.chunk.store.DurableFolder;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The records of a local store's images, a file each. What is put or removed is durable on return. Thread safe. */
final class ImageCatalog {
    private static final String KIND = "stardust-image";
    private static final int VERSION = 1;
    private static final String SUFFIX = ".json";
    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");

    private final Path folder;

    ImageCatalog(Path folder) throws IOException {
        this.folder = DurableFolder.create(folder);
    }

    /** All images, by name. @throws DamagedFileException when one record cannot be read: then it is not known what it needs */
    synchronized List<ImageRecord> all() throws IOException {
        List<ImageRecord> records = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (Path file : files) {
                records.add(read(file));
            }
        }
        records.sort(Comparator.comparing(ImageRecord::name));
        return records;
    }

    synchronized Optional<ImageRecord> get(String name) throws IOException {
        Path file = file(name);
        return Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
    }

    synchronized void put(ImageRecord image) throws IOException {
        SealedJson.write(file(image.name()), KIND, VERSION, image);
    }

    /** Removes an image; false when there is none of that name. */
    synchronized boolean remove(String name) throws IOException {
        boolean removed = Files.deleteIfExists(file(name));
        NativeFile.syncDirectory(folder);
        return removed;
    }

    private Path file(String name) throws IOException {
        return folder.resolve(StoreName.require(name, "an image") + SUFFIX);
    }

    private static ImageRecord read(Path file) throws IOException {
        ImageRecord image = SealedJson.read(file, KIND, VERSION, ImageRecord.class);
        boolean sound = image.name() != null
                && file.getFileName().toString().equals(image.name() + SUFFIX)
                && image.manifest() != null
                && ID.matcher(image.manifest()).matches();
        if (!sound) {
            throw new DamagedFileException(file + " does not describe the image it is named after: was it renamed?");
        }
        return image;
    }
}
