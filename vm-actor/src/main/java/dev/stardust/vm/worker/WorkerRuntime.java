package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.ReadyCores;
import dev.stardust.vm.disk.DiskOpener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The inside of a worker process. */
public final class WorkerRuntime {
    static final String SOCKET_NAME = "sock";

    /** The link in a node's data to where disks are in memory, once for all. */
    public static final String SHARED = "shared";

    /** The folder in a node's data that kernels and initrds are in which several VMs start with. */
    public static final String BOOT = "boot";

    /** The property that tells a worker to limit its system calls; with this value all but connections. */
    static final String CONFINED = "stardust.confined";

    static final String CONNECTS = "connects";

    /** Or, for a worker that starts one other program, limits them once that runs. */
    static final String STARTS = "starts";

    /** A guest that was started has the CPU to itself until then. */
    private static final long READY_DELAY_MS = 50;

    private static final Logger log = LoggerFactory.getLogger(WorkerRuntime.class);

    private WorkerRuntime() {}

    /**
     * Serves VMs on the socket in {@code workerDir}, which exists and is named after the worker. Returns when a node
     * asked for the end; the caller then exits the process.
     *
     * @param workerDir {@code DATA/workers/ID}; the chunks of disks are read from {@code DATA/segments}
     * @param extensions operations of other modules by name
     * @throws IOException if the folder cannot be used; the text tells why
     */
    public static void run(Path workerDir, Map<String, WorkerOp> extensions) throws IOException, InterruptedException {
        Path data = workerDir.toAbsolutePath().normalize().getParent().getParent();
        try (DiskOpener disks = new DiskOpener(data.resolve("segments"), data.resolve(SHARED));
                ReadyCores cores = new ReadyCores(READY_DELAY_MS)) {
            MachineFactory kvm = new KvmMachineFactory(disks, cores);
            MachineFactory qemu = new QemuMachineFactory(disks, WorkerRuntime::confineWith);
            run(workerDir, extensions, (spec, listener, events) -> (spec.qemu() == null ? kvm : qemu)
                    .create(spec, listener, events));
        }
    }

    /** The one program that this process starts runs: it starts no other, and does not need to any more. */
    private static void confineWith(long child) {
        if (STARTS.equals(System.getProperty(CONFINED))) {
            WorkerSyscalls.filterBeside(child).install();
        }
    }

    static void run(Path workerDir, Map<String, WorkerOp> extensions, MachineFactory factory)
            throws IOException, InterruptedException {
        ProcessId process = ProcessId.self();
        WorkerFile self = new WorkerFile(
                workerDir.toAbsolutePath().normalize().getFileName().toString(),
                process.pid(),
                process.startTicks(),
                Protocol.VERSION);
        try (WorkerServer server = new WorkerServer(workerDir, self, factory, extensions)) {
            String confined = System.getProperty(CONFINED);
            if (confined != null && !confined.equals(STARTS)) {
                // It listens, and nobody has told it to run a guest yet.
                WorkerSyscalls.filter(confined.equals(CONNECTS)).install();
            }
            self.write(workerDir);
            log.info("worker {} is ready, process {}", self.id(), self.pid());
            server.serve();
        }
        log.info("worker {} ends", self.id());
    }
}
