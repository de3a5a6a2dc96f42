package dev.stardust.chunk.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes folders that are still there after a power cut. */
public final class DurableFolder {
    private DurableFolder() {}

    /** Makes a folder and those above it as far as they are not there; gives it back. */
    public static Path create(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Path parent = folder.toAbsolutePath().getParent();
            create(parent);
            Files.createDirectories(folder);
            NativeFile.syncDirectory(parent);
        }
        return folder;
    }
}
