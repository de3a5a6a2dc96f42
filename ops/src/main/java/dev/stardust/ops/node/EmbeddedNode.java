package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.hypervisor.libc.SelfTest;
import dev.stardust.ops.api.NodeOperations;
import dev.stardust.vm.worker.InProcessWorkers;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * A whole node within another program, for tests and the lab: all that a node is but its HTTP, with workers in this
 * process. Its VMs end with it.
 */
public final class EmbeddedNode implements AutoCloseable {
    private final DataLock lock;
    private final InProcessWorkers workers;
    private final NodeService service;

    private EmbeddedNode(DataLock lock, InProcessWorkers workers, NodeService service) {
        this.lock = lock;
        this.workers = workers;
        this.service = service;
    }

    /**
     * Starts a node that is in no cluster yet.
     *
     * @param flags as {@code stardust node start} takes them
     */
    public static EmbeddedNode start(String... flags) throws IOException {
        SelfTest.run();
        Settings settings = Settings.parse(flags, Map.of());
        DataLock lock = DataLock.take(settings.data());
        Identity identity = Identity.loadOrCreate(settings.data(), settings.name());
        Files.createDirectories(settings.data().resolve("run"));
        InProcessWorkers workers = new InProcessWorkers(WorkerMain::ops);
        return new EmbeddedNode(lock, workers, new NodeService(settings, identity, "", workers));
    }

    /** What it does for those who ask. */
    public NodeOperations operations() {
        return service;
    }

    /** Joins the cluster of another. */
    public CompletionStage<JsonNode> join(EmbeddedNode member) {
        return service.join(Sponsor.of(member.service));
    }

    @Override
    public void close() throws IOException {
        service.close();
        workers.close();
        lock.close();
    }
}
