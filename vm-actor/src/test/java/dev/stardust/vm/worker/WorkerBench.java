package dev.stardust.vm.worker;

import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Prints the figures of ADR 1: time and memory of a worker and of its VMs. Run by hand: {@code WorkerBench CLASSPATH MAIN
 * KERNEL VMS MEMORY_MIB CONFINED JAVA_OPTION...}; KERNEL may be {@code -} for machines that are only made, CONFINED is
 * {@code true} or {@code false}.
 */
final class WorkerBench {
    private final Path data;
    private final Workers workers;
    private final String kernel;
    private final int memoryMib;

    private WorkerBench(Path data, Workers workers, String kernel, int memoryMib) {
        this.data = data;
        this.workers = workers;
        this.kernel = kernel;
        this.memoryMib = memoryMib;
    }

    public static void main(String[] args) throws Exception {
        Path data = Files.createTempDirectory("worker-bench");
        WorkerSettings settings = new WorkerSettings(
                data.resolve("workers"),
                "node",
                "cluster",
                args[0],
                args[1],
                List.of(args).subList(6, args.length),
                1_000,
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                Boolean.parseBoolean(args[5]));
        Workers workers = await(Workers.open(settings, new WorkersListener() {
            @Override
            public void machineChanged(MachineInfo machine) {}

            @Override
            public void machineLost(MachineInfo machine) {
                System.err.println(machine);
            }
        }));
        try {
            new WorkerBench(data, workers, args[2], Integer.parseInt(args[4])).run(Integer.parseInt(args[3]));
        } finally {
            await(workers.shutdown(true));
            FileTree.delete(data);
        }
    }

    private void run(int vms) throws Exception {
        for (int i = 0; i < 5; i++) {
            long start = System.nanoTime();
            RemoteMachine first = await(workers.create(spec("strict-" + i), true));
            System.out.printf(
                    "worker started and its first VM made: %d ms, %d ms of CPU%n",
                    sinceMs(start), cpuMs(first.workerPid()));
            await(first.destroy());
        }
        RemoteMachine one = await(workers.create(spec("vm-0"), false));
        long pid = one.workerPid();
        start(one);
        long asked = System.nanoTime();
        for (int i = 0; i < 2_000; i++) {
            await(one.status());
        }
        System.out.printf("a request and its answer: %d us%n", sinceMs(asked) / 2);
        System.out.printf("with 1 VM: %s%n", memory(pid));
        await(one.destroy());
        Thread.sleep(3_000);
        System.out.printf("empty again: %s%n", memory(pid));
        List<RemoteMachine> all = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 1; i <= vms; i++) {
            RemoteMachine machine = await(workers.create(spec("vm-" + i), false));
            start(machine);
            all.add(machine);
            if (i == 1 || i % 10 == 0) {
                System.out.printf("%d VMs after %d ms%n", i, sinceMs(start));
            }
        }
        Thread.sleep(5_000);
        System.out.printf("with %d VMs: %s%n", vms, memory(pid));
        start = System.nanoTime();
        for (RemoteMachine machine : all) {
            await(machine.destroy());
        }
        System.out.printf("destroyed after %d ms%n", sinceMs(start));
    }

    private void start(RemoteMachine machine) throws Exception {
        if (!kernel.equals("-")) {
            await(machine.resume());
        }
    }

    private CreateMachine spec(String name) throws IOException {
        Path folder = Files.createDirectories(data.resolve("vms").resolve(name));
        return new CreateMachine(
                name,
                1,
                memoryMib,
                Cpus.ONE,
                kernel.equals("-")
                        ? null
                        : Boot.of(
                                Files.copy(Path.of(kernel), folder.resolve("kernel"))
                                        .toString(),
                                "rate_mibs=0 hb_ms=1000 tick_us=200000"),
                null,
                folder.resolve("serial.log").toString(),
                List.of(),
                Devices.NONE,
                "");
    }

    private static long sinceMs(long startNs) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
    }

    /** User and system time of a process, fields 14 and 15 of its stat, in ticks of 10 ms. */
    private static long cpuMs(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return 10 * (Long.parseLong(fields[11]) + Long.parseLong(fields[12]));
    }

    /** Proportional set size, how much of it is private and dirty, and the number of threads. */
    private static String memory(long pid) throws IOException {
        List<String> found = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
            if (line.startsWith("Pss:") || line.startsWith("Private_Dirty:") || line.startsWith("Rss:")) {
                found.add(line.replaceAll(" +", " "));
            }
        }
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("Threads:")) {
                found.add(line.replaceAll("\\s+", " "));
            }
        }
        return String.join(", ", found);
    }

    private static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(120, TimeUnit.SECONDS).join();
    }
}
