package dev.stardust.chaos.bench.store;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What a folder takes on the disk. */
final class DiskUse {
    private static final int TIMEOUT_S = 900;

    private DiskUse() {}

    static long bytes(Path folder) throws IOException {
        String line = External.run(TIMEOUT_S, List.of("du", "-s", "-B1", folder.toString()));
        return Long.parseLong(line.split("\t")[0].strip());
    }
}
