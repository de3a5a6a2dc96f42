package dev.stardust.vm.worker;

import java.io.IOException;
import java.nio.file.Path;

/** How a node's workers come to be. */
@FunctionalInterface
public interface WorkerLauncher {
    /**
     * Starts a worker in a folder that is not there yet. It serves its VMs on the socket in that folder some time later.
     *
     * @param only the one VM of a strict worker, else null
     */
    RunningWorker start(WorkerSettings settings, Path folder, CreateMachine only) throws IOException;

    /** Workers are processes, which outlive the node's. */
    static WorkerLauncher processes() {
        return (settings, folder, only) -> {
            Process child = WorkerProcess.spawn(settings, folder, only);
            // A process that is over at once has a pid of which nothing is known any more.
            ProcessId process = ProcessId.of(child.pid()).orElse(new ProcessId(child.pid(), -1));
            return new WorkerChild(process, child);
        };
    }
}
