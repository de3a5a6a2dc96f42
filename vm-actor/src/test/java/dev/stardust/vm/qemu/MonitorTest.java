package dev.stardust.vm.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.stardust.hypervisor.machine.MachineException;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Against a QEMU that says whatever it likes. */
class MonitorTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long TIMEOUT_MS = 60_000;
    private static final String GREETING = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

    /** A monitor and the end of QEMU. */
    private static final class Pair implements AutoCloseable {
        final BlockingQueue<JsonNode> events = new LinkedBlockingQueue<>();
        final SocketChannel qemu;
        final Monitor monitor;
        private final BufferedReader asked;

        Pair() throws IOException {
            Path folder = Files.createTempDirectory("monitor");
            Path socket = folder.resolve("s");
            try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                server.bind(UnixDomainSocketAddress.of(socket));
                qemu = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                monitor = new Monitor(server.accept(), "test", events::add);
            } finally {
                Files.deleteIfExists(socket);
                Files.delete(folder);
            }
            asked = new BufferedReader(Channels.newReader(qemu, StandardCharsets.UTF_8));
        }

        void say(String text) throws IOException {
            say(text.getBytes(StandardCharsets.UTF_8));
        }

        void say(byte[] bytes) throws IOException {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                qemu.write(left);
            }
        }

        /** The next command. */
        JsonNode heard() throws IOException {
            return JSON.readTree(asked.readLine());
        }

        CompletableFuture<JsonNode> ask(String command) {
            return CompletableFuture.supplyAsync(
                    () -> monitor.execute(command, JsonNodeFactory.instance.objectNode(), TIMEOUT_MS),
                    task -> new Thread(task).start());
        }

        @Override
        public void close() throws IOException {
            qemu.close();
            monitor.close();
        }
    }

    private static String answer(JsonNode command, String value) {
        return "{\"return\": " + value + ", \"id\": " + command.path("id").asLong() + "}\r\n";
    }

    @Test
    void commandsGetTheirAnswersInWhateverOrderTheyCome() throws Exception {
        try (Pair pair = new Pair()) {
            CompletableFuture<Void> negotiated = CompletableFuture.runAsync(() -> pair.monitor.negotiate(TIMEOUT_MS));
            pair.say(GREETING);
            JsonNode capabilities = pair.heard();
            assertEquals("qmp_capabilities", capabilities.path("execute").asText());
            pair.say(answer(capabilities, "{}"));
            negotiated.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);

            CompletableFuture<JsonNode> first = pair.ask("first");
            JsonNode heardFirst = pair.heard();
            CompletableFuture<JsonNode> second = pair.ask("second");
            JsonNode heardSecond = pair.heard();
            pair.say(answer(heardSecond, "2"));
            pair.say("{\"event\": \"RESUME\"}\r\n");
            pair.say(answer(heardFirst, "1"));
            assertEquals(1, first.get(TIMEOUT_MS, TimeUnit.MILLISECONDS).asInt());
            assertEquals(2, second.get(TIMEOUT_MS, TimeUnit.MILLISECONDS).asInt());
            assertEquals(
                    "RESUME",
                    pair.events
                            .poll(TIMEOUT_MS, TimeUnit.MILLISECONDS)
                            .path("event")
                            .asText());
        }
    }

    @Test
    void answersToNobodyStrangeValuesAndEmptyLinesArePassedOver() throws Exception {
        try (Pair pair = new Pair()) {
            CompletableFuture<JsonNode> asked = pair.ask("it");
            JsonNode heard = pair.heard();
            pair.say("{\"return\": {}, \"id\": 4711}\n{\"return\": {}, \"id\": \"x\"}\n{\"return\": {}}\n");
            // A line of one byte is none, and no beginning of the next one.
            pair.say("\n\r\n{\n[]\nnull\n17\n\"text\"\n{\"id\": -1}\n{\"id\": 99999999999999999999999}\n");
            pair.say(answer(heard, "\"right\""));
            assertEquals("right", asked.get(TIMEOUT_MS, TimeUnit.MILLISECONDS).asText());
        }
    }

    @Test
    void aRefusalIsToldInQemusWords() throws Exception {
        try (Pair pair = new Pair()) {
            CompletableFuture<JsonNode> asked = pair.ask("cont");
            long id = pair.heard().path("id").asLong();
            pair.say("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}, \"id\": " + id + "}\n");
            Exception refused = assertThrows(Exception.class, () -> asked.get(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            assertEquals("QEMU refuses cont: no such thing", refused.getCause().getMessage());
        }
    }

    @Test
    void aQemuThatDoesNotAnswerIsToldOfInTime() throws IOException {
        try (Pair pair = new Pair()) {
            MachineException silent = assertThrows(
                    MachineException.class,
                    () -> pair.monitor.execute("cont", JsonNodeFactory.instance.objectNode(), 50));
            assertEquals("QEMU did not answer cont within 50 ms", silent.getMessage());
        }
    }

    @Test
    void aLineWithoutEndEndsTheConnectionBeforeMemoryDoes() throws Exception {
        try (Pair pair = new Pair()) {
            CompletableFuture<JsonNode> asked = pair.ask("cont");
            pair.heard();
            byte[] piece = " ".repeat(64 << 10).getBytes(StandardCharsets.UTF_8);
            assertThrows(IOException.class, () -> {
                for (int i = 0; i < 1024; i++) {
                    pair.say(piece);
                }
            });
            Exception gone = assertThrows(Exception.class, () -> asked.get(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            assertEquals("QEMU is gone", gone.getCause().getMessage());
        }
    }

    @Test
    void deeplyNestedValuesEndTheConnectionAndNothingElse() throws Exception {
        try (Pair pair = new Pair()) {
            CompletableFuture<JsonNode> asked = pair.ask("cont");
            pair.heard();
            pair.say("[".repeat(500_000) + "\n");
            Exception gone = assertThrows(Exception.class, () -> asked.get(TIMEOUT_MS, TimeUnit.MILLISECONDS));
            assertEquals("QEMU is gone", gone.getCause().getMessage());
        }
    }

    @Provide
    Arbitrary<List<byte[]>> lines() {
        Arbitrary<String> known = Arbitraries.of(
                GREETING,
                "{\"return\": {}, \"id\": 1}",
                "{\"error\": {\"desc\": 3}, \"id\": 1}",
                "{\"error\": [], \"id\": 2}",
                "{\"event\": {\"event\": []}, \"id\": 1}",
                "{\"QMP\": null, \"event\": 1}",
                "{\"id\": 1.5}",
                "{\"id\": [1]}",
                "{}");
        Arbitrary<byte[]> halves = known.flatMap(
                line -> Arbitraries.integers().between(0, line.length()).map(cut -> line.substring(0, cut)
                        .getBytes(StandardCharsets.UTF_8)));
        Arbitrary<byte[]> wholes = known.map(line -> line.getBytes(StandardCharsets.UTF_8));
        Arbitrary<byte[]> noise = Arbitraries.bytes().array(byte[].class).ofMaxSize(200);
        return Arbitraries.oneOf(List.of(wholes, halves, noise)).list().ofMaxSize(12);
    }

    @Property(tries = 300)
    void whateverQemuSaysACommandEndsWithAnAnswerOrAReason(@ForAll("lines") List<byte[]> lines) throws IOException {
        try (Pair pair = new Pair()) {
            CompletableFuture<JsonNode> asked = pair.ask("cont");
            pair.heard();
            List<byte[]> said = new ArrayList<>(lines);
            try {
                for (byte[] line : said) {
                    pair.say(line);
                    pair.say("\n");
                }
            } catch (IOException e) {
                // It was cut off for what it said.
            }
            pair.qemu.shutdownOutput();
            assertTimeoutPreemptively(Duration.ofMillis(TIMEOUT_MS), () -> {
                try {
                    asked.get();
                } catch (java.util.concurrent.ExecutionException e) {
                    assertTrue(e.getCause() instanceof MachineException, () -> "it ended by " + e.getCause());
                }
            });
            assertThrows(
                    MachineException.class,
                    () -> pair.monitor.execute("cont", JsonNodeFactory.instance.objectNode(), TIMEOUT_MS));
        }
    }
}
