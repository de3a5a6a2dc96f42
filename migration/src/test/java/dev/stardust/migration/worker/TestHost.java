package dev.stardust.migration.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.manifest.ImageImporter;
import dev.stardust.chunk.manifest.ImportResult;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.volume.ExtentMap;
import dev.stardust.cluster.stream.AeronDriver;
import dev.stardust.vm.qemu.Accelerator;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.DiskLimit;
import dev.stardust.vm.worker.CreateMachine;
import dev.stardust.vm.worker.Devices;
import dev.stardust.vm.worker.DiskFiles;
import dev.stardust.vm.worker.MachineInfo;
import dev.stardust.vm.worker.RemoteMachine;
import dev.stardust.vm.worker.WorkerSettings;
import dev.stardust.vm.worker.Workers;
import dev.stardust.vm.worker.WorkersListener;
import java.io.IOException;
import java.net.DatagramSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A host of a test: a media driver, a store with one image, and worker processes. */
final class TestHost implements AutoCloseable {
    static final long LIMIT_S = 60;

    final Path data;
    final String endpoint;
    private final AeronDriver driver;
    private final Workers workers;
    private final Path extents;
    private int machines;
    private volatile CompletableFuture<Long> paused = new CompletableFuture<>();

    /** A machine and its serial log. */
    record Guest(TestHost host, RemoteMachine machine, Path log) {
        String text() throws IOException {
            return Files.exists(log) ? Files.readString(log) : "";
        }

        /** Whole lines of heartbeats. */
        List<String> beats() throws IOException {
            return text().lines()
                    .filter(line -> line.matches("hb n=.* disk_errors=\\d+"))
                    .toList();
        }

        JsonNode ask(String op, Object args) throws Exception {
            return await(request(op, args));
        }

        CompletionStage<JsonNode> request(String op, Object args) {
            return machine.request(op, args, Duration.ofSeconds(LIMIT_S));
        }

        void destroy() throws Exception {
            await(machine.destroy());
        }

        /** Names of the threads of its worker that have to do with migrations. */
        List<String> migrationThreads() throws IOException {
            try (Stream<Path> tasks = Files.list(Path.of("/proc/" + machine.workerPid() + "/task"))) {
                return tasks.map(Guest::comm)
                        .filter(name -> name.matches("(send|recv|sync|aeron)-.*"))
                        .toList();
            }
        }

        private static String comm(Path task) {
            try {
                return Files.readString(task.resolve("comm")).strip();
            } catch (IOException e) {
                return ""; // The thread ended meanwhile.
            }
        }
    }

    TestHost(Path data, byte[] image) throws Exception {
        this.data = Files.createDirectories(data);
        Files.createDirectories(data.resolve("bases"));
        extents = Files.createDirectories(data.resolve("vms")).resolve("disk.extents");
        Path raw = Files.write(data.resolve("disk.raw"), image);
        try (ChunkStore store = ChunkStore.open(data.resolve("segments"))) {
            ImportResult imported = new ImageImporter(store).importImage(raw, (done, total) -> {});
            ExtentMap.write(extents, imported.manifest(), imported.root(), store);
        }
        try (DatagramSocket free = new DatagramSocket(0)) {
            endpoint = "127.0.0.1:" + free.getLocalPort();
        }
        driver = AeronDriver.start(data.resolve("run").resolve("aeron"));
        WorkerSettings settings = WorkerSettings.of(
                data.resolve("workers"),
                "node-1",
                "cluster-1",
                System.getProperty("java.class.path"),
                TestWorkerMain.class.getName(),
                List.of());
        workers = await(Workers.open(settings, new WorkersListener() {
            @Override
            public void machineChanged(MachineInfo machine) {}

            @Override
            public void machineLost(MachineInfo machine) {}

            @Override
            public void workerEvent(String workerId, String name, JsonNode body) {
                if (name.equals(MigrationOps.PAUSED_EVENT)
                        && body.path("vm").asText().equals("a")) {
                    paused.complete(System.nanoTime());
                }
            }
        }));
    }

    /** A machine "a" with files of its own, also kernel and base; one without a kernel waits to be received. */
    Guest create(Path kernel, int memoryMib, String commandLine, Path base) throws Exception {
        int number = machines++;
        Path vms = data.resolve("vms");
        Path log = vms.resolve("serial-" + number + ".log");
        DiskFiles disk = new DiskFiles(
                extents.toString(),
                vms.resolve("disk-" + number + ".delta").toString(),
                "disk0",
                false,
                DiskLimit.NONE);
        CreateMachine spec = new CreateMachine(
                "a",
                1,
                memoryMib,
                Cpus.ONE,
                kernel == null ? null : Boot.of(copied(kernel, vms), commandLine),
                copied(base, data.resolve("bases")),
                log.toString(),
                List.of(disk),
                Devices.NONE,
                "");
        return new Guest(this, await(workers.create(spec, false)), log);
    }

    /** As the other, a machine of QEMU without disks in a worker of its own; at most one is there at a time. */
    Guest createQemu(Path kernel, int memoryMib, Path base) throws Exception {
        // A folder of its own, in which the sockets of QEMU have fixed names.
        Path vm = Files.createDirectories(data.resolve("vms").resolve("a"));
        Path log = vm.resolve("serial.log");
        Files.deleteIfExists(log);
        CreateMachine spec = new CreateMachine(
                "a",
                1,
                memoryMib,
                Cpus.ONE,
                kernel == null ? null : Boot.of(copied(kernel, vm), ""),
                copied(base, data.resolve("bases")),
                log.toString(),
                List.of(),
                Devices.NONE,
                Accelerator.TCG,
                "");
        return new Guest(this, await(workers.create(spec, true)), log);
    }

    /** Workers read files of their own host's folder only. */
    private static String copied(Path file, Path folder) throws IOException {
        return file == null
                ? null
                : Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING)
                        .toString();
    }

    /** When the guest was last said to be paused. Answers may overtake that news, so it is waited for. */
    long pausedNs() throws Exception {
        return await(paused);
    }

    /** From here on the next pause is meant. */
    void expectPause() {
        paused = new CompletableFuture<>();
    }

    String aeronFolder() {
        return driver.folder().toString();
    }

    /** Ends what a test left running. */
    void destroyAll() throws Exception {
        for (RemoteMachine machine : workers.machines()) {
            await(machine.destroy());
        }
    }

    @Override
    public void close() {
        workers.shutdown(true)
                .toCompletableFuture()
                .orTimeout(LIMIT_S, TimeUnit.SECONDS)
                .join();
        workers.close();
        driver.close();
    }

    static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture()
                    .orTimeout(LIMIT_S, TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }
}
