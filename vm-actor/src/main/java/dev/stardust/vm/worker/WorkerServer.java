package dev.stardust.vm.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's end of the socket. Connections come and go; a lost one, or one that sends nonsense, never touches a VM.
 */
final class WorkerServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(WorkerServer.class);
    private static final int MAX_CONNECTIONS = 16;

    private final WorkerFile self;
    private final ServerSocketChannel listener;
    private final MachineOps ops;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile Owner owner;

    private record Owner(String nodeId, String clusterUuid) {}

    WorkerServer(Path workerDir, WorkerFile self, MachineFactory factory, Map<String, WorkerOp> extensions)
            throws IOException {
        this.self = self;
        this.ops = new MachineOps(new MachineTable(workerDir), factory, extensions, this::emit);
        Path socket = workerDir.resolve(WorkerRuntime.SOCKET_NAME);
        Files.deleteIfExists(socket);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
    }

    /** Serves until a node asked for a shutdown and got its answer. */
    void serve() throws InterruptedException {
        Thread acceptor = new Thread(null, this::acceptAll, "accept", 256 << 10);
        acceptor.setDaemon(true);
        acceptor.start();
        stopped.await();
        for (Connection connection : connections) {
            connection.closeWhenSent(1_000);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        connections.forEach(Connection::close);
        ops.close();
        stopped.countDown();
    }

    private void acceptAll() {
        try {
            for (int n = 1; ; n++) {
                SocketChannel channel = listener.accept();
                if (connections.size() >= MAX_CONNECTIONS) {
                    channel.close();
                    log.warn("refused a connection: {} are open", MAX_CONNECTIONS);
                    continue;
                }
                Connection connection = new Connection(channel, new Session());
                connections.add(connection);
                connection.start("node" + n);
                if (!listener.isOpen()) {
                    connection.close(); // It came too late to be closed with the others.
                }
            }
        } catch (IOException e) {
            if (listener.isOpen()) {
                log.error("cannot accept connections any more", e);
            }
        }
    }

    private void emit(String name, Object body) {
        byte[] frame = new Message.Event(name, WorkerCodec.toTree(body)).encode();
        connections.forEach(connection -> connection.send(frame));
    }

    /** What a connection has said so far; used by its reading thread alone. */
    private final class Session implements Connection.Handler {
        private boolean greeted;

        @Override
        public void onMessage(Connection connection, Message message) {
            if (!(message instanceof Message.Request request)) {
                throw new IllegalArgumentException("a worker takes requests only");
            }
            try {
                handle(connection, request);
            } catch (RuntimeException e) {
                fail(connection, request, e);
            }
        }

        @Override
        public void onClosed(Connection connection, String why) {
            connections.remove(connection);
            log.info("a node's connection ended: {}", why);
        }

        private void handle(Connection connection, Message.Request request) {
            if (request.op().equals(Protocol.HELLO)) {
                hello(connection, request);
            } else if (!greeted) {
                throw new WorkerException(WorkerException.Code.BAD_REQUEST, "say hello first");
            } else if (request.op().equals(Protocol.SHUTDOWN)) {
                shutdown(connection, request);
            } else {
                ops.handle(request.op(), request.body()).whenComplete((body, failure) -> {
                    if (failure == null) {
                        reply(connection, request, body);
                    } else {
                        fail(connection, request, failure);
                    }
                });
            }
        }

        private void hello(Connection connection, Message.Request request) {
            // The version is looked at before the rest, which may look different in another version.
            int protocol = request.body().path("protocol").asInt(-1);
            if (protocol != Protocol.VERSION) {
                throw new WorkerException(
                        WorkerException.Code.VERSION,
                        "worker " + self.id() + " speaks protocol version " + Protocol.VERSION + ", the node "
                                + protocol + ": stop its VMs with the Stardust that started them, or end process "
                                + self.pid());
            }
            Protocol.Hello hello = WorkerCodec.fromTree(request.body(), Protocol.Hello.class);
            own(new Owner(hello.nodeId(), hello.clusterUuid()));
            greeted = true;
            ops.machines().whenComplete((machines, failure) -> {
                if (failure != null) {
                    fail(connection, request, failure);
                    return;
                }
                reply(
                        connection,
                        request,
                        WorkerCodec.toTree(new Protocol.HelloReply(
                                Protocol.VERSION, self.id(), self.pid(), self.startTicks(), machines)));
            });
        }

        private void shutdown(Connection connection, Message.Request request) {
            boolean force = WorkerCodec.fromTree(request.body(), Protocol.Shutdown.class)
                    .force();
            ops.shutdown(force).whenComplete((done, failure) -> {
                reply(connection, request, WorkerCodec.emptyBody());
                stopped.countDown();
            });
        }
    }

    /** The first node that says hello owns the worker; after that only the same one is heard. */
    private synchronized void own(Owner claimed) {
        if (claimed.nodeId() == null || claimed.clusterUuid() == null) {
            throw new WorkerException(WorkerException.Code.BAD_REQUEST, "hello: nodeId and clusterUuid are needed");
        }
        if (owner != null && !owner.equals(claimed)) {
            throw new WorkerException(
                    WorkerException.Code.WRONG_OWNER,
                    "worker " + self.id() + " belongs to node " + owner.nodeId() + " of cluster "
                            + owner.clusterUuid());
        }
        owner = claimed;
    }

    private static void reply(Connection connection, Message.Request request, JsonNode body) {
        try {
            connection.send(new Message.Reply(request.id(), body, null));
        } catch (WorkerException e) {
            fail(connection, request, e);
        }
    }

    private static void fail(Connection connection, Message.Request request, Throwable failure) {
        WorkerException error = WorkerException.of(failure);
        if (error.code() == WorkerException.Code.INTERNAL) {
            log.error("{} failed", request.op(), failure);
        }
        connection.send(new Message.Reply(request.id(), null, error));
    }
}
