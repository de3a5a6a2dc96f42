package dev.stardust.chaos.lab;

import dev.stardust.vm.worker.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that is gone, with all in it, when this is closed. */
public record TempFolder(Path path) implements AutoCloseable {
    public static TempFolder create(Path parent, String prefix) throws IOException {
        return new TempFolder(Files.createTempDirectory(parent, prefix));
    }

    @Override
    public void close() throws IOException {
        FileTree.delete(path);
    }
}
