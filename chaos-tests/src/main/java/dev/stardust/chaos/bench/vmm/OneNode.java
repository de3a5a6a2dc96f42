package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.Teardown;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A cluster of one node on this machine. */
final class OneNode {
    private static final int START_TIMEOUT_MS = 180_000;

    private OneNode() {}

    /** Starts it below a folder that is made; the teardown ends it. */
    static LocalCluster start(Path folder, Teardown teardown) throws IOException {
        LocalCluster cluster = teardown.add(new LocalCluster(Files.createDirectories(folder)));
        cluster.add(1, LocalCluster.freePortBase(1));
        cluster.form(START_TIMEOUT_MS);
        return cluster;
    }
}
