package dev.stardust.chaos;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A process that looks in {@code /proc} like a worker with the vCPU of a VM: its command line has the worker's main
 * class and a folder of the host, and a thread of it has the vCPU's name.
 */
final class LookAlikeWorker {
    private LookAlikeWorker() {}

    /** Sleeps with a thread of the name given first; the other arguments are there to be seen. */
    public static void main(String[] args) throws InterruptedException {
        Thread vcpu = new Thread(LookAlikeWorker::sleep, args[0]);
        vcpu.start();
        System.out.println("up");
        vcpu.join();
    }

    private static void sleep() {
        try {
            Thread.sleep(300_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts one and waits until its thread is there. */
    static Process start(String vm, Path data) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LookAlikeWorker.class.getName(),
                        "vcpu0-" + vm,
                        "dev.stardust.ops.node.WorkerMain",
                        data.resolve("workers/look-alike").toString())
                .redirectErrorStream(true)
                .start();
        if (process.inputReader().readLine() == null) {
            throw new IllegalStateException("the look-alike did not start");
        }
        return process;
    }

    /** Starts a process that looks like a second node process of a host. */
    static Process startNode(Path data) throws IOException {
        return new ProcessBuilder(
                        List.of("sh", "-c", "sleep 300; :", "dev.stardust.ops.node.NodeMain", data.toString()))
                .start();
    }
}
