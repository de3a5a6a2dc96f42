package dev.stardust.chunk.local;

import dev.stardust.chunk.store.AtomicFile;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that are made for the user, and are there whole or not at all. */
final class NewFile {
    private NewFile() {}

    /** Makes a file. @throws FileAlreadyExistsException when it is there */
    static void write(Path target, AtomicFile.Filler filler) throws IOException {
        if (Files.exists(target)) {
            throw new FileAlreadyExistsException(target.toString(), null, "it is there already: remove it first");
        }
        Path partial = target.resolveSibling(target.getFileName() + ".partial");
        Files.deleteIfExists(partial);
        try {
            try (NativeFile file = NativeFile.create(partial)) {
                filler.fill(file);
            }
            Files.move(partial, target);
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
