package dev.stardust.chaos.bench.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A program that keeps disk images. */
interface StoreTool {
    /** As the report names it. */
    String name();

    /** Programs that it needs. */
    List<String> programs();

    /** Makes an empty repository in a folder that is not there yet; not measured. */
    void create(Path repository) throws IOException;

    /** Puts an image into the repository, under the name of its file. */
    Timing ingest(Path repository, Path image) throws IOException;

    /** Writes an image that was ingested into {@code target}, alone in its folder. */
    Timing restore(Path repository, Path image, Path target) throws IOException;

    /** Ends what the tool keeps open of a repository. */
    default void close(Path repository) throws IOException {}
}
