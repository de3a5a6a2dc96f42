package dev.stardust.ops.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where a node keeps its data when nobody says otherwise. */
public final class DataFolder {
    private DataFolder() {}

    /** {@code $STARDUST_DATA}, else {@code /var/lib/stardust} for root and {@code ~/.local/share/stardust} for others. */
    public static Path defaultPath() {
        String named = System.getenv("STARDUST_DATA");
        if (named != null) {
            return Path.of(named);
        }
        return Files.isWritable(Path.of("/var/lib"))
                ? Path.of("/var/lib/stardust")
                : Path.of(System.getProperty("user.home"), ".local/share/stardust");
    }
}
