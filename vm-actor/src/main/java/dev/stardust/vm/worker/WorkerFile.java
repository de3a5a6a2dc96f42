package dev.stardust.vm.worker;

import dev.stardust.chunk.file.SealedJson;
import java.io.IOException;
import java.nio.file.Path;

/**
 * {@code worker.json}: which process a worker's folder belongs to.
 *
 * @param startTicks see {@link ProcessId}
 * @param protocol the version of the protocol it speaks
 */
record WorkerFile(String id, long pid, long startTicks, int protocol) {
    static final String NAME = "worker.json";
    private static final String KIND = "worker";
    private static final int VERSION = 1;

    void write(Path folder) throws IOException {
        SealedJson.write(folder.resolve(NAME), KIND, VERSION, this);
    }

    static WorkerFile read(Path folder) throws IOException {
        return SealedJson.read(folder.resolve(NAME), KIND, VERSION, WorkerFile.class);
    }

    ProcessId processId() {
        return new ProcessId(pid, startTicks);
    }
}
