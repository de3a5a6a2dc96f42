package dev.stardust.migration.worker;

import dev.stardust.vm.disk.BaseExport;
import dev.stardust.vm.worker.WorkerOp;
import dev.stardust.vm.worker.WorkerRuntime;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A worker process with the operations of migrations and bases. */
final class TestWorkerMain {
    private TestWorkerMain() {}

    public static void main(String[] args) throws Exception {
        Map<String, WorkerOp> extensions = new HashMap<>(MigrationOps.all());
        extensions.putAll(BaseExport.ops());
        WorkerRuntime.run(Path.of(args[0]), extensions);
        System.exit(0);
    }
}
