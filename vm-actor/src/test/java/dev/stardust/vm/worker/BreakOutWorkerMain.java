package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.libc.Libc;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A worker whose machines are fakes and that does what a guest that has taken it over would do. */
final class BreakOutWorkerMain {
    private static final int THREADS = 40;
    private static final int SYS_GETPID_OF_X32 = 0x4000_0000 | 39;

    private BreakOutWorkerMain() {}

    public static void main(String[] args) throws Exception {
        WorkerRuntime.run(
                Path.of(args[0]),
                Map.of(
                        "breakOut",
                        (arguments, vm, events) -> done(breakOut(arguments)),
                        "collectGarbage",
                        (arguments, vm, events) -> done(collectGarbage()),
                        "crash",
                        (arguments, vm, events) -> done(Libc.C.memset(1, 0, 1)),
                        "otherAbi",
                        (arguments, vm, events) -> done(Libc.C.syscall(SYS_GETPID_OF_X32, 0, 0, 0, 0, 0, 0))),
                FakeMachine::create);
        System.exit(0);
    }

    private static CompletableFuture<JsonNode> done(Object result) {
        return CompletableFuture.completedFuture(WorkerCodec.toTree(Map.of("result", result)));
    }

    private static int breakOut(JsonNode arguments) {
        return BreakOut.valueOf(arguments.path("attempt").asText())
                .attempt(new BreakOut.Target(
                        arguments.path("data").asText(),
                        arguments.path("folder").asText(),
                        arguments.path("pid").asLong()));
    }

    /** While threads come and go; returns how many have done their work. */
    private static int collectGarbage() {
        List<CompletableFuture<Integer>> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(CompletableFuture.supplyAsync(
                    () -> new byte[1 << 20].length >> 20, task -> new Thread(task).start()));
            System.gc();
        }
        return threads.stream().mapToInt(CompletableFuture::join).sum();
    }
}
