package dev.stardust.vm.worker;

import java.nio.file.Path;

/** A worker process as the product has it. */
final class KvmWorkerMain {
    private KvmWorkerMain() {}

    public static void main(String[] args) throws Exception {
        WorkerRuntime.run(Path.of(args[0]), FakeWorkerMain.EXTENSIONS);
        System.exit(0);
    }
}
