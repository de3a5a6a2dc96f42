package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.External;
import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LinuxCase;
import dev.stardust.chaos.store.UnsyncedFile;
import dev.stardust.chaos.store.Workload;
import dev.stardust.chunk.store.FileOpener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A chunk store at work on the lab's third disk, without any guest, until the lab is switched off. */
public final class StoreCase implements LinuxCase {
    private static final int TIMEOUT_S = 30;

    private final boolean synced;

    /** @param synced whether segments are synced; else as if that had been forgotten */
    public StoreCase(boolean synced) {
        this.synced = synced;
    }

    @Override
    public String name() {
        return synced ? "store" : "store-unsynced";
    }

    @Override
    public Duration limit() {
        return Duration.ofMinutes(5);
    }

    @Override
    public void run(LabContext lab) throws IOException, InterruptedException {
        Path disk = Files.createDirectory(lab.folder().resolve("disk"));
        External.run(
                TIMEOUT_S, List.of("mount", "-t", "ext4", lab.files().result().toString(), disk.toString()));
        Workload.run(disk.resolve("store"), synced ? FileOpener.REAL : UnsyncedFile.OPENER, System.out);
    }
}
