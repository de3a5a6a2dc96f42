package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * One worker process as its node sees it: keeps a connection to it for as long as it lives, and finds out when it does
 * not. Everything runs on the node's one workers thread except {@link #request}.
 */
final class WorkerHandle {
    private static final long FIRST_RETRY_MS = 20;
    private static final long LAST_RETRY_MS = 1_000;

    /** What the owner of the handle is told, on the workers thread. */
    interface Observer {
        /** The worker answered; what it holds now. Also after a connection was lost and found again. */
        void connected(WorkerHandle worker, Protocol.HelloReply hello);

        void event(WorkerHandle worker, String name, JsonNode body);

        /** The process is gone. */
        void died(WorkerHandle worker, String reason);

        /** The process lives, but refuses this node for good. */
        void refused(WorkerHandle worker, WorkerException why);
    }

    private final Path folder;
    private final WorkerSettings settings;
    private final WorkersLoop loop;
    private final Observer observer;
    private final RunningWorker process;
    private volatile WorkerClient client;
    private volatile WorkerException refusal;
    private volatile boolean over;
    private long retryMs = FIRST_RETRY_MS;

    WorkerHandle(Path folder, WorkerSettings settings, WorkersLoop loop, Observer observer, RunningWorker process) {
        this.folder = folder;
        this.settings = settings;
        this.loop = loop;
        this.observer = observer;
        this.process = process;
    }

    String id() {
        return folder.getFileName().toString();
    }

    Path folder() {
        return folder;
    }

    RunningWorker process() {
        return process;
    }

    CompletableFuture<JsonNode> request(String op, Object body) {
        return request(op, body, settings.requestTimeout());
    }

    CompletableFuture<JsonNode> request(String op, Object body, Duration timeout) {
        WorkerClient current = client;
        return current == null ? CompletableFuture.failedFuture(unreachable()) : current.request(op, body, timeout);
    }

    private WorkerException unreachable() {
        WorkerException known = refusal;
        if (over) {
            return new WorkerException(
                    WorkerException.Code.LOST, "worker " + id() + ", process " + process.pid() + ", is gone");
        }
        return known != null
                ? known
                : new WorkerException(WorkerException.Code.LOST, "worker " + id() + " cannot be reached for now");
    }

    /** Tries to reach the worker until it answers, is dead or the handle is closed. */
    void connect() {
        if (over) {
            return;
        }
        if (!process.isAlive()) {
            died();
            return;
        }
        WorkerClient[] made = new WorkerClient[1];
        try {
            made[0] = WorkerClient.connect(folder, new ClientListener(made));
        } catch (IOException e) {
            retryLater();
            return;
        }
        WorkersLoop.unattended(made[0].request(
                        Protocol.HELLO,
                        new Protocol.Hello(Protocol.VERSION, settings.nodeId(), settings.clusterUuid()),
                        settings.requestTimeout())
                .handleAsync(
                        (body, failure) -> {
                            greeted(made[0], body, failure);
                            return null;
                        },
                        loop));
    }

    /** Lets go of the worker, which lives on. */
    void close() {
        over = true;
        WorkerClient current = client;
        client = null;
        if (current != null) {
            current.close();
        }
    }

    private void greeted(WorkerClient candidate, JsonNode body, Throwable failure) {
        if (over) {
            candidate.close();
            return;
        }
        try {
            if (failure != null) {
                throw WorkerException.of(failure);
            }
            Protocol.HelloReply hello = WorkerCodec.fromTree(body, Protocol.HelloReply.class);
            client = candidate;
            refusal = null;
            retryMs = FIRST_RETRY_MS;
            observer.connected(this, hello);
        } catch (WorkerException e) {
            candidate.close();
            boolean forGood = e.code() == WorkerException.Code.VERSION || e.code() == WorkerException.Code.WRONG_OWNER;
            if (forGood) {
                refusal = e;
                observer.refused(this, e);
                // Nobody will tell of its death now, so it is asked for from time to time.
                retryMs = LAST_RETRY_MS;
            }
            retryLater();
        }
    }

    private void retryLater() {
        loop.later(Duration.ofMillis(retryMs), this::connect);
        retryMs = Math.min(LAST_RETRY_MS, retryMs + retryMs / 4);
    }

    private void disconnected(WorkerClient which) {
        if (client == which) {
            client = null;
            retryMs = FIRST_RETRY_MS;
            connect();
        }
    }

    private void died() {
        over = true;
        client = null;
        observer.died(this, "worker process " + process.pid() + " died" + process.end());
    }

    private final class ClientListener implements WorkerClient.Listener {
        private final WorkerClient[] self;

        ClientListener(WorkerClient[] self) {
            this.self = self;
        }

        @Override
        public void onEvent(String name, JsonNode body) {
            loop.execute(() -> {
                if (!over) {
                    observer.event(WorkerHandle.this, name, body);
                }
            });
        }

        @Override
        public void onClosed(String why) {
            if (!over) {
                loop.execute(() -> disconnected(self[0]));
            }
        }
    }
}
