package dev.stardust.ops.node;

import dev.stardust.vm.worker.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder for what an import has in between; it goes with all that is in it. */
record WorkFolder(Path path) implements AutoCloseable {
    static WorkFolder make(Settings settings) throws IOException {
        return new WorkFolder(
                Files.createTempDirectory(Files.createDirectories(Member.temporary(settings)), "import-"));
    }

    @Override
    public void close() throws IOException {
        FileTree.delete(path);
    }
}
