package dev.stardust.chunk.store;

import java.io.IOException;
import java.nio.file.Path;

/** How a store opens its segment files; tests put failing disks here. */
public interface FileOpener {
    FileOpener REAL = new FileOpener() {
        @Override
        public NativeFile create(Path path) throws IOException {
            return NativeFile.create(path);
        }

        @Override
        public NativeFile openWrite(Path path) throws IOException {
            return NativeFile.openWrite(path);
        }
    };

    NativeFile create(Path path) throws IOException;

    NativeFile openWrite(Path path) throws IOException;
}
