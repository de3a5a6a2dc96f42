package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Puts whole files in place: written beside under a temporary name, synced, renamed, the folder synced. */
public final class AtomicFile {
    private AtomicFile() {}

    /** Fills a new, empty file. */
    @FunctionalInterface
    public interface Filler {
        void fill(NativeFile file) throws IOException;
    }

    /** Replaces {@code target} by what {@code filler} writes; on any error the old file stays and nothing else does. */
    public static void write(Path target, Filler filler) throws IOException {
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
        Files.deleteIfExists(temporary);
        try {
            try (NativeFile file = NativeFile.create(temporary)) {
                filler.fill(file);
                file.sync();
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
        NativeFile.syncDirectory(target.toAbsolutePath().getParent());
    }

    /** Replaces {@code target} by the bytes between a direct buffer's position and limit. */
    public static void write(Path target, ByteBuffer direct) throws IOException {
        write(target, file -> file.write(0, NativeBuffer.addressOf(direct), direct.remaining()));
    }
}
