package dev.stardust.migration.worker;

import dev.stardust.vm.worker.WorkerRuntime;
import java.nio.file.Path;

/** A worker process with the operations of migrations. */
final class TestWorkerMain {
    private TestWorkerMain() {}

    public static void main(String[] args) throws Exception {
        WorkerRuntime.run(Path.of(args[0]), MigrationOps.all());
        System.exit(0);
    }
}
