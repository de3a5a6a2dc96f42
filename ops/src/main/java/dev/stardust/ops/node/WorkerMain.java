package dev.stardust.ops.node;

import dev.stardust.migration.worker.MigrationOps;
import dev.stardust.vm.disk.BaseExport;
import dev.stardust.vm.worker.WorkerOp;
import dev.stardust.vm.worker.WorkerRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A worker process: machines, and what migrations do to them. Loads neither Pekko nor Ratis. */
public final class WorkerMain {
    private WorkerMain() {}

    /** Serves VMs in the folder given as the only argument until a node asks for the end. */
    public static void main(String[] args) throws IOException, InterruptedException {
        WorkerRuntime.run(Path.of(args[0]), ops());
        System.exit(0);
    }

    /** What other modules add to one worker. */
    static Map<String, WorkerOp> ops() {
        Map<String, WorkerOp> ops = new HashMap<>(MigrationOps.all());
        ops.putAll(BaseExport.ops());
        return ops;
    }
}
