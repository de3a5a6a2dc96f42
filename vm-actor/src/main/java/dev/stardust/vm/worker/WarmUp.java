package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Goes once through what a worker does, so that its classes are loaded. */
final class WarmUp implements WorkerClient.Listener {
    private static final Logger log = LoggerFactory.getLogger(WarmUp.class);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private WarmUp() {}

    static void run(Path workerDir, Map<String, WorkerOp> extensions) throws IOException, InterruptedException {
        Files.createDirectories(workerDir);
        Thread node = new Thread(() -> actAsNode(workerDir), "warm-up");
        node.setDaemon(true);
        node.start();
        try {
            WorkerRuntime.run(workerDir, extensions);
        } finally {
            node.interrupt();
            node.join();
            WorkerProcess.deleteFolder(workerDir);
        }
    }

    private static void actAsNode(Path workerDir) {
        try (WorkerClient client = connect(workerDir)) {
            Protocol.Vm vm = new Protocol.Vm("warm-up", 1);
            String serialLog = workerDir.resolve("serial.log").toString();
            ask(client, Protocol.HELLO, new Protocol.Hello(Protocol.VERSION, "warm-up", "warm-up"));
            ask(client, Protocol.CREATE, new CreateMachine(vm.vm(), 1, 8, 1, null, "", null, serialLog, List.of(), ""));
            ask(client, Protocol.STATUS, vm);
            ask(client, Protocol.RESUME, vm);
            ask(client, Protocol.DESTROY, vm);
            ask(client, Protocol.SHUTDOWN, new Protocol.Shutdown(true));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static WorkerClient connect(Path workerDir) throws InterruptedException {
        while (true) {
            try {
                return WorkerClient.connect(workerDir, new WarmUp());
            } catch (IOException e) {
                Thread.sleep(10); // The worker does not listen yet.
            }
        }
    }

    /** Some of it fails, all of it where there is no KVM: that loads classes too. */
    private static void ask(WorkerClient client, String op, Object body) {
        try {
            client.request(op, body, LIMIT).join();
        } catch (RuntimeException e) {
            log.info("{}: {}", op, e.getMessage());
        }
    }

    @Override
    public void onEvent(String name, JsonNode body) {
        log.info("{} {}", name, body);
    }

    @Override
    public void onClosed(String why) {
        log.info("closed: {}", why);
    }
}
