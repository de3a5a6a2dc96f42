package dev.stardust.ops.cli;

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
        return LocalStore.open(folder());
    }

    /** Opens a store that must be there. The caller closes it. */
    static LocalStore openExisting(Path folder) throws IOException {
        if (!Files.isDirectory(folder.resolve("chunks"))) {
            throw new CliException(CliException.NOT_FOUND, "there is no store in " + folder + ": check the path");
        }
        return LocalStore.open(folder);
    }
}
