package dev.stardust.ops.node;

import dev.stardust.migration.worker.MigrationOps;
import dev.stardust.vm.worker.WorkerRuntime;
import java.io.IOException;
import java.nio.file.Path;

/** A worker process: machines, and what migrations do to them. Loads neither Pekko nor Ratis. */
public final class WorkerMain {
    private WorkerMain() {}

    /** Serves VMs in the folder given as the only argument until a node asks for the end. */
    public static void main(String[] args) throws IOException, InterruptedException {
        WorkerRuntime.run(Path.of(args[0]), MigrationOps.all());
        System.exit(0);
    }
}
