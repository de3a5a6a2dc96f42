package dev.stardust.vm.worker;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A worker process whose machines are fakes, with one operation of another module. */
final class FakeWorkerMain {
    private FakeWorkerMain() {}

    public static void main(String[] args) throws Exception {
        if (Boolean.getBoolean("fake.dies")) {
            throw new IllegalStateException("told to die at once");
        }
        WorkerRuntime.run(Path.of(args[0]), EXTENSIONS, FakeMachine::create);
        System.exit(0);
    }

    static final Map<String, WorkerOp> EXTENSIONS = Map.of("echo", (arguments, vm, events) -> {
        events.emit("echoed", Map.of("vm", vm.name()));
        return CompletableFuture.completedFuture(arguments);
    });
}
