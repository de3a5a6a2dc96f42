package dev.stardust.ops.build;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** Our part of the user's cache: whatever is there can be made again. */
public final class BuildCache {
    private BuildCache() {}

    /** Where it is. */
    public static Path folder() {
        String cache = System.getenv("XDG_CACHE_HOME");
        Path base = cache != null ? Path.of(cache) : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("stardust");
    }

    /** Makes a file. */
    @FunctionalInterface
    interface Maker {
        /** Makes {@code file}, which is not there; {@code work} is an empty folder that goes afterwards. */
        void make(Path file, Path work) throws IOException;
    }

    /** A new folder beside what is cached, for {@link #remove} afterwards. */
    public static Path newFolder() throws IOException {
        return Files.createTempDirectory(Files.createDirectories(folder()), "build-");
    }

    /** Removes a folder with all that is in it. */
    public static void remove(Path work) throws IOException {
        Tool.run("coreutils", "to remove " + work, List.of("rm", "-rf", "--", work.toString()));
    }

    /** The file of that name; it is made unless it is there, and is there whole or not at all. */
    static Path file(String name, Maker maker) throws IOException {
        Path file = folder().resolve(name);
        if (Files.exists(file)) {
            return file;
        }
        Files.createDirectories(file.getParent());
        Path work = Files.createTempDirectory(file.getParent(), "build-");
        try {
            Path unfinished = work.resolve("unfinished");
            maker.make(unfinished, Files.createDirectory(work.resolve("work")));
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            return file;
        } finally {
            remove(work);
        }
    }
}
