package dev.stardust.ops.node;

import dev.stardust.chunk.file.DamagedFileException;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.hypervisor.libc.SelfTest;
import dev.stardust.ops.api.ApiServer;
import dev.stardust.ops.launch.TokenFile;
import dev.stardust.vm.worker.WorkerLauncher;
import java.io.IOException;
import java.nio.file.Files;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node process: runs until it is told to end. Its workers, and so its VMs, live on without it. */
public final class NodeMain {
    private static final Logger LOG = LoggerFactory.getLogger(NodeMain.class);

    private NodeMain() {}

    /** Starts; a failure is told in one line, with the exit code of its kind. */
    public static void main(String[] args) throws InterruptedException {
        try {
            run(Settings.parse(args, System.getenv()));
        } catch (ClusterException e) {
            System.err.println("stardust: " + e.getMessage());
            System.exit(e.code().exitCode());
        } catch (DamagedFileException e) {
            System.err.println("stardust: " + e.getMessage());
            System.exit(ErrorCode.REFUSED.exitCode());
        } catch (IOException | RuntimeException e) {
            LOG.error("the node could not be started", e);
            System.err.println("stardust: the node could not be started: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void run(Settings settings) throws IOException, InterruptedException {
        SelfTest.run();
        DataLock lock = DataLock.take(settings.data());
        Identity identity = Identity.loadOrCreate(settings.data(), settings.name());
        Files.createDirectories(settings.data().resolve("run"));
        String token = TokenFile.loadOrCreate(settings.tokenFile());
        NodeService service = new NodeService(settings, identity, token, WorkerLauncher.processes());
        ApiServer api = new ApiServer(service, token);
        api.start(settings.bind(), settings.portBase());
        Thread end = new Thread(
                () -> {
                    api.close();
                    service.close();
                    try {
                        lock.close();
                    } catch (IOException e) {
                        LOG.warn("the data folder's lock", e);
                    }
                },
                "node-end");
        Runtime.getRuntime().addShutdownHook(end);
        LOG.info("node {} listens on {}:{}", identity.hostId(), settings.bind(), settings.portBase());
        service.startIfMember();
        Thread.currentThread().join();
    }
}
