package dev.stardust.ops.cli;

import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.local.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** A store in a folder, used without any node. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "DIR",
            description = "work on the store in this folder, made when it is not there, without any node"
                    + " (default: $STARDUST_STORE)")
    private Path folder;

    @Option(
            names = "--zstd-level",
            paramLabel = "N",
            defaultValue = "${STARDUST_ZSTD_LEVEL:-" + ChunkCodec.DEFAULT_LEVEL + "}",
            description =
                    "with --store: how much to compress what is stored from now on, from 1 (fast) to 19 (small); the"
                            + " default is " + ChunkCodec.DEFAULT_LEVEL + " (or $STARDUST_ZSTD_LEVEL)")
    private int zstdLevel;

    boolean isGiven() {
        return folder() != null;
    }

    private Path folder() {
        String named = System.getenv("STARDUST_STORE");
        return folder != null || named == null ? folder : Path.of(named);
    }

    /** Opens it. The caller closes it. */
    LocalStore open() throws IOException {
        if (!isGiven()) {
            throw new CliException(
                    CliException.USAGE, "this works on a store of this host: name its folder by --store");
        }
        try {
            return LocalStore.open(folder(), zstdLevel);
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, "--zstd-level: " + e.getMessage());
        }
    }

    /** Opens a store that must be there. The caller closes it. */
    static LocalStore openExisting(Path folder) throws IOException {
        if (!Files.isDirectory(folder.resolve("chunks"))) {
            throw new CliException(CliException.NOT_FOUND, "there is no store in " + folder + ": check the path");
        }
        return LocalStore.open(folder);
    }
}
