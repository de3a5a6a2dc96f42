package dev.stardust.chaos.store;

import dev.stardust.chunk.store.FileOpener;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.Path;
import jnr.constants.platform.OpenFlags;

/** A segment file whose syncs do nothing: a store with that mistake must be found out. */
public final class UnsyncedFile extends NativeFile {
    /** Opens segments so. */
    public static final FileOpener OPENER = new FileOpener() {
        @Override
        public NativeFile create(Path path) throws IOException {
            return new UnsyncedFile(path, OpenFlags.O_CREAT.intValue() | OpenFlags.O_EXCL.intValue());
        }

        @Override
        public NativeFile openWrite(Path path) throws IOException {
            return new UnsyncedFile(path, 0);
        }
    };

    private UnsyncedFile(Path path, int more) throws IOException {
        super(path, OpenFlags.O_RDWR.intValue() | more);
    }

    @Override
    public void sync() {}
}
