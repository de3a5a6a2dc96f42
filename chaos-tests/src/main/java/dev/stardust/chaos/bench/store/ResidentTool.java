package dev.stardust.chaos.bench.store;

import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.RawFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Our store in this process, which is warm: as in a node. */
final class ResidentTool implements StoreTool {
    private final Map<Path, LocalStore> open = new HashMap<>();

    @Override
    public String name() {
        return "Stardust, resident";
    }

    @Override
    public List<String> programs() {
        return List.of();
    }

    @Override
    public void create(Path repository) throws IOException {
        open.put(repository, LocalStore.open(repository));
    }

    @Override
    public Timing ingest(Path repository, Path image) throws IOException {
        return Timing.of(() -> {
            try (RawFile file = RawFile.open(image)) {
                open.get(repository).importImage(image.getFileName().toString(), file, false, Progress.NONE);
            }
        });
    }

    @Override
    public Timing restore(Path repository, Path image, Path target) throws IOException {
        return Timing.of(() -> open.get(repository).export(image.getFileName().toString(), target, Progress.NONE));
    }

    @Override
    public void close(Path repository) throws IOException {
        open.remove(repository).close();
    }
}
