package dev.stardust.vm.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerServerTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Protocol.Hello HELLO = new Protocol.Hello(Protocol.VERSION, "node-1", "cluster-1");

    @TempDir
    Path folder;

    private WorkerServer server;
    private Thread serving;
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    @BeforeEach
    void start() throws IOException {
        WorkerFile self =
                new WorkerFile("w-1", ProcessId.self().pid(), ProcessId.self().startTicks(), Protocol.VERSION);
        server = new WorkerServer(folder, self, FakeMachine::create, FakeWorkerMain.EXTENSIONS);
        serving = new Thread(() -> {
            try {
                server.serve();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        serving.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        serving.join();
    }

    @Test
    void aMachineGoesThroughItsLife() throws Exception {
        WorkerClient client = greeted();
        ask(client, "create", spec("a"));
        ask(client, "resume", new Protocol.Vm("a", 1));
        assertEquals(
                "RUNNING",
                ask(client, "status", new Protocol.Vm("a", 1)).path("phase").asText());
        ask(client, "pause", new Protocol.Vm("a", 1));
        byte[] state =
                ask(client, "saveState", new Protocol.Vm("a", 1)).path("state").binaryValue();
        ask(client, "create", spec("b"));
        ask(client, "restoreState", new Protocol.RestoreState("b", 1, new byte[] {1, 2}));
        assertArrayEquals(
                new byte[] {1, 2},
                ask(client, "saveState", new Protocol.Vm("b", 1)).path("state").binaryValue());
        assertEquals("x=1", new String(state, java.nio.charset.StandardCharsets.UTF_8));
        ask(client, "destroy", new Protocol.Vm("a", 1));
        assertEquals(WorkerException.Code.NO_SUCH_VM, refusal(client, "status", new Protocol.Vm("a", 1)));
        assertEquals("machine RUNNING", events.poll(30, TimeUnit.SECONDS));
        assertEquals("machine PAUSED", events.poll(30, TimeUnit.SECONDS));
        client.close();
    }

    @Test
    void aMachineIsMadeAndStartedInOneRequestOrIsNotThere() throws Exception {
        WorkerClient client = greeted();
        ask(client, "start", spec("a"));
        assertEquals(
                "RUNNING",
                ask(client, "status", new Protocol.Vm("a", 1)).path("phase").asText());
        CreateMachine stays =
                new CreateMachine("b", 1, 8, Cpus.ONE, Boot.of("/k", "stay"), null, "/s", List.of(), Devices.NONE, "");
        assertEquals(WorkerException.Code.MACHINE, refusal(client, "start", stays));
        assertEquals(WorkerException.Code.NO_SUCH_VM, refusal(client, "status", new Protocol.Vm("b", 1)));
        client.close();
    }

    @Test
    void tagEpochAndMachinesAreToldToTheNextNode() throws Exception {
        WorkerClient first = greeted();
        ask(first, "create", spec("a"));
        ask(first, "setTag", new Protocol.SetTag("a", 1, 4, "OUTGOING"));
        assertEquals(WorkerException.Code.CONFLICT, refusal(first, "resume", new Protocol.Vm("a", 1)));
        assertEquals(WorkerException.Code.BAD_REQUEST, refusal(first, "setTag", new Protocol.SetTag("a", 4, 3, "x")));
        assertEquals(List.of(new MachineTable.Held("a", 4)), MachineTable.left(folder));
        first.close();

        WorkerClient second = connect();
        JsonNode machine = ask(second, "hello", HELLO).path("machines").path(0);
        assertEquals("a", machine.path("vm").asText());
        assertEquals(4, machine.path("epoch").asInt());
        assertEquals("OUTGOING", machine.path("tag").asText());
        second.close();
    }

    @Test
    void whatDoesNotFitIsRefusedAndTheMachineLivesOn() throws Exception {
        WorkerClient client = greeted();
        ask(client, "create", spec("a"));
        assertEquals(WorkerException.Code.UNKNOWN_OP, refusal(client, "fly", new Protocol.Vm("a", 1)));
        assertEquals(WorkerException.Code.BAD_REQUEST, refusal(client, "pause", object().put("vm", 3)));
        assertEquals(WorkerException.Code.BAD_REQUEST, refusal(client, "create", object().put("vm", "A/..")));
        assertEquals(WorkerException.Code.CONFLICT, refusal(client, "create", spec("a")));
        assertEquals(WorkerException.Code.NO_SUCH_VM, refusal(client, "pause", new Protocol.Vm("b", 1)));
        assertEquals(WorkerException.Code.MACHINE, refusal(client, "saveState", new Protocol.Vm("a", 1)));
        assertEquals(WorkerException.Code.CONFLICT, refusal(client, "shutdown", new Protocol.Shutdown(false)));
        assertEquals(
                "CREATED",
                ask(client, "status", new Protocol.Vm("a", 1)).path("phase").asText());
        client.close();
    }

    /** As when a worker that is a thread ends while its node looks for it again. */
    @Test
    void aConnectionThatComesWhileItClosesIsClosedToo() throws Exception {
        for (int round = 0; round < 50; round++) {
            List<SocketChannel> made = new CopyOnWriteArrayList<>();
            Thread node = new Thread(() -> {
                try {
                    while (made.size() < 60) {
                        made.add(SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("sock"))));
                    }
                } catch (IOException e) {
                    // It listens no more.
                }
            });
            node.start();
            while (made.isEmpty() && node.isAlive()) {
                Thread.onSpinWait();
            }
            server.close();
            node.join();
            for (SocketChannel channel : made) {
                CompletableFuture.runAsync(() -> readToTheEnd(channel)).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
            serving.join();
            start();
        }
    }

    private static void readToTheEnd(SocketChannel channel) {
        try (channel) {
            assertEquals(-1, channel.read(ByteBuffer.allocate(1)));
        } catch (IOException e) {
            // Reset: it ends in this way too.
        }
    }

    @Test
    void aNameWhoseMachineFailedIsFreeAgain() throws Exception {
        WorkerClient client = greeted();
        CreateMachine bad =
                new CreateMachine("a", 1, 8, Cpus.ONE, Boot.of("/k", "fail"), null, "/s", List.of(), Devices.NONE, "");
        assertEquals(WorkerException.Code.MACHINE, refusal(client, "create", bad));
        ask(client, "create", spec("a"));
        client.close();
    }

    @Test
    void operationsOfOtherModulesGetTheMachineAndCanTellEvents() throws Exception {
        WorkerClient client = greeted();
        ask(client, "create", spec("a"));
        JsonNode reply = ask(client, "echo", new Protocol.Extension("a", 1, object().put("n", 5)));
        assertEquals(5, reply.path("n").asInt());
        assertEquals("echoed ", events.poll(30, TimeUnit.SECONDS));
        assertEquals(WorkerException.Code.CONFLICT, refusal(client, "echo", new Protocol.Extension("a", 2, object())));
        client.close();
    }

    @Test
    void aWorkerServesTheNodeItBelongsToInItsVersionOnly() throws Exception {
        WorkerClient client = connect();
        assertEquals(WorkerException.Code.BAD_REQUEST, refusal(client, "status", new Protocol.Vm("a", 1)));
        CompletionException newer = assertThrows(CompletionException.class, () -> client.request(
                        "hello", new Protocol.Hello(Protocol.VERSION + 1, "node-1", "cluster-1"), LIMIT)
                .join());
        assertEquals(WorkerException.Code.VERSION, WorkerException.of(newer).code());
        assertTrue(
                newer.getMessage()
                        .contains("protocol version " + Protocol.VERSION + ", the node " + (Protocol.VERSION + 1)),
                newer.getMessage());
        ask(client, "hello", HELLO);
        WorkerClient other = connect();
        assertEquals(
                WorkerException.Code.WRONG_OWNER,
                refusal(other, "hello", new Protocol.Hello(Protocol.VERSION, "node-2", "cluster-1")));
        assertEquals(WorkerException.Code.BAD_REQUEST, refusal(other, "status", new Protocol.Vm("a", 1)));
        client.close();
        other.close();
    }

    @Test
    void connectionsThatSendNonsenseAreClosedAndTheMachineLivesOn() throws Exception {
        WorkerClient client = greeted();
        ask(client, "create", spec("a"));
        Random random = new Random(42);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[1 + random.nextInt(200)];
            random.nextBytes(bytes);
            if (i % 2 == 0 && bytes.length > 4) {
                ByteBuffer.wrap(bytes).putInt(bytes.length - 4); // a frame whose content is random
            }
            try (SocketChannel channel = raw()) {
                channel.write(ByteBuffer.wrap(bytes));
                channel.shutdownOutput();
                assertEquals(-1, channel.read(ByteBuffer.allocate(10_000)), "seed 42, round " + i);
            }
        }
        assertEquals(
                "CREATED",
                ask(client, "status", new Protocol.Vm("a", 1)).path("phase").asText());
        client.close();
    }

    @Test
    void aNodeThatDoesNotReadIsCutOffAndHoldsUpNobody() throws Exception {
        WorkerClient client = greeted();
        ask(client, "create", spec("a"));
        try (SocketChannel deaf = raw()) {
            Frames.Writer writer = new Frames.Writer(deaf);
            writer.write(new Message.Request(1, "hello", WorkerCodec.toTree(HELLO)).encode());
            // Replies to itself that it never reads: more than may be queued.
            byte[] echo = new Message.Request(
                            2,
                            "echo",
                            WorkerCodec.toTree(
                                    new Protocol.Extension("a", 1, object().put("large", new byte[8 << 20]))))
                    .encode();
            assertThrows(IOException.class, () -> {
                for (int i = 0; i < 50; i++) {
                    writer.write(echo);
                }
            });
        }
        assertEquals(
                "CREATED",
                ask(client, "status", new Protocol.Vm("a", 1)).path("phase").asText());
        client.close();
    }

    @Test
    void anEmptyWorkerEndsWhenToldAndAFullOneOnlyByForce() throws Exception {
        WorkerClient client = greeted();
        ask(client, "create", spec("a"));
        ask(client, "shutdown", new Protocol.Shutdown(true));
        serving.join(30_000);
        assertTrue(!serving.isAlive());
        assertEquals(List.of(), MachineTable.left(folder));
        client.close();
    }

    @Test
    void aSocketLeftByADeadWorkerIsReplaced() throws Exception {
        server.close();
        serving.join();
        assertTrue(Files.exists(folder.resolve("sock")));
        start();
        greeted().close();
    }

    private static com.fasterxml.jackson.databind.node.ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static CreateMachine spec(String vm) {
        return new CreateMachine(vm, 1, 8, Cpus.ONE, Boot.of("/k", "x=1"), null, "/s", List.of(), Devices.NONE, "");
    }

    private SocketChannel raw() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("sock")));
    }

    private WorkerClient connect() throws IOException {
        return WorkerClient.connect(folder, new WorkerClient.Listener() {
            @Override
            public void onEvent(String name, JsonNode body) {
                events.add(name + " " + body.path("phase").asText());
            }

            @Override
            public void onClosed(String why) {
                events.add("closed");
            }
        });
    }

    private WorkerClient greeted() throws IOException {
        WorkerClient client = connect();
        ask(client, "hello", HELLO);
        return client;
    }

    private static JsonNode ask(WorkerClient client, String op, Object body) {
        return client.request(op, body, LIMIT).join();
    }

    private static WorkerException.Code refusal(WorkerClient client, String op, Object body) {
        return WorkerException.of(assertThrows(CompletionException.class, () -> ask(client, op, body)))
                .code();
    }
}
