package dev.stardust.vm.worker;

import dev.stardust.vm.disk.BaseExport;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A worker process as the product has it. */
final class KvmWorkerMain {
    private KvmWorkerMain() {}

    public static void main(String[] args) throws Exception {
        Map<String, WorkerOp> extensions = new HashMap<>(FakeWorkerMain.EXTENSIONS);
        extensions.putAll(BaseExport.ops());
        WorkerRuntime.run(Path.of(args[0]), extensions);
        System.exit(0);
    }
}
