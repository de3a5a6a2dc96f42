package dev.stardust.chaos.bench.vmm;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.External;
import dev.stardust.ops.launch.Installation;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.worker.CreateMachine;
import dev.stardust.vm.worker.Devices;
import dev.stardust.vm.worker.MachineInfo;
import dev.stardust.vm.worker.RemoteMachine;
import dev.stardust.vm.worker.WorkerSettings;
import dev.stardust.vm.worker.Workers;
import dev.stardust.vm.worker.WorkersListener;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Our VMM as a node uses it: a worker process, confined as always, that is there already. This JVM is the node, as far as
 * workers are concerned. The serial log is a FIFO, so that its first line is seen when it comes.
 */
final class WorkerStarter implements Starter, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerStarter.class);
    private static final String WORKER_MAIN = "dev.stardust.ops.node.WorkerMain";
    private static final int STEP_TIMEOUT_S = 60;
    private static final int TOOL_TIMEOUT_S = 10;

    private final Path vms;
    private final Workers workers;
    private int starts;

    /**
     * A node's workers, none of which runs yet.
     *
     * @param data an empty folder
     */
    WorkerStarter(Path data) throws IOException {
        vms = Files.createDirectories(data.resolve("vms"));
        workers = get(Workers.open(
                WorkerSettings.of(
                        data.resolve("workers"),
                        "bench",
                        "bench",
                        Installation.classPath(),
                        WORKER_MAIN,
                        Installation.archiveOptions(Installation.Jvm.WORKER)),
                new Log()));
    }

    /** Nobody here acts on what workers tell; what goes wrong is logged. */
    private static final class Log implements WorkersListener {
        @Override
        public void machineChanged(MachineInfo machine) {
            LOG.debug("{}", machine);
        }

        @Override
        public void machineLost(MachineInfo machine) {
            LOG.warn("{}", machine);
        }

        @Override
        public void workerEvent(String workerId, String name, JsonNode body) {
            LOG.debug("{} {} {}", workerId, name, body);
        }
    }

    @Override
    public String name() {
        return "Stardust, worker";
    }

    @Override
    public double firstLineUs(Guest guest) throws IOException {
        String name = "bench-" + ++starts;
        Path folder = Files.createDirectory(vms.resolve(name));
        Path kernel = folder.resolve("kernel");
        Files.copy(guest.kernel(), kernel, StandardCopyOption.REPLACE_EXISTING);
        Path serial = folder.resolve("serial.log");
        External.run(TOOL_TIMEOUT_S, List.of("mkfifo", serial.toString()));
        CreateMachine create = new CreateMachine(
                name,
                1,
                Guest.MEMORY_MIB,
                Cpus.ONE,
                Boot.of(kernel.toString(), guest.args()),
                null,
                serial.toString(),
                List.of(),
                Devices.NONE,
                "");
        // Opened for both, it neither waits for a writer nor sees an end when the writer goes.
        try (RandomAccessFile fifo = new RandomAccessFile(serial.toFile(), "rw")) {
            CompletableFuture<Long> lineNs = firstLine(fifo);
            long startNs = System.nanoTime();
            RemoteMachine machine = get(workers.start(create, false));
            double us = (get(lineNs) - startNs) / 1e3;
            get(machine.destroy());
            return us;
        }
    }

    /** When the first newline comes. */
    private static CompletableFuture<Long> firstLine(RandomAccessFile fifo) {
        CompletableFuture<Long> at = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    byte[] part = new byte[256];
                    try {
                        while (true) {
                            int n = fifo.read(part);
                            long now = System.nanoTime();
                            for (int i = 0; i < n; i++) {
                                if (part[i] == '\n') {
                                    at.complete(now);
                                    return;
                                }
                            }
                        }
                    } catch (IOException e) {
                        at.completeExceptionally(new UncheckedIOException(e));
                    }
                },
                "first-line");
        reader.setDaemon(true);
        reader.start();
        return at;
    }

    private static <T> T get(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(STEP_TIMEOUT_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("a worker did not answer within " + STEP_TIMEOUT_S + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public void close() {
        get(workers.shutdown(true));
        workers.close();
    }
}
