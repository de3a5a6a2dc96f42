package dev.stardust.vm.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nonsense from either side ends a connection at most. */
final class AgentFuzzTest {
    private static final long LIMIT_S = 30;
    private static final int NOBODY = 65534;

    @TempDir
    Path dir;

    /** The agent, built to notice every wrong access to memory, as somebody who can do nothing to this host. */
    @Test
    void anAgentThatGetsNonsenseServesTheNextConnection() throws Exception {
        long seed = System.nanoTime();
        System.out.println("AgentFuzzTest: seed " + seed);
        Random random = new Random(seed);
        Path program = TestAgent.build(
                dir, "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1", "-no-pie", "-dynamic");
        Files.setAttribute(dir, "unix:mode", 0777);
        Files.setAttribute(Files.createFile(dir.resolve("console")), "unix:mode", 0666);
        List<String> nobody = System.getProperty("user.name").equals("root")
                ? List.of(
                        "env",
                        "PATH=/nonexistent",
                        "/usr/bin/setarch",
                        "--addr-no-randomize", // GCC 12's sanitizer needs that on newer kernels.
                        "/usr/bin/setpriv",
                        "--reuid=" + NOBODY,
                        "--regid=" + NOBODY,
                        "--clear-groups",
                        "--no-new-privs")
                : List.of("env", "PATH=/nonexistent", "/usr/bin/setarch", "--addr-no-randomize");
        try (TestAgent process = TestAgent.start(nobody, program, dir)) {
            for (int round = 0; round < 150; round++) {
                try (SocketChannel channel = process.open()) {
                    channel.write(ByteBuffer.wrap(nonsense(random)));
                    channel.shutdownOutput();
                    channel.configureBlocking(false);
                    channel.read(ByteBuffer.allocate(1 << 16));
                } catch (IOException e) {
                    // It hung up before all was written, as it may.
                    assertTrue(process.isAlive(), e.getMessage());
                }
            }
            assertTrue(process.isAlive(), Files.readString(dir.resolve("agent.log")));
            try (GuestAgent agent = process.connect()) {
                agent.ping().toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
            }
        }
        String log = Files.readString(dir.resolve("agent.log"));
        assertTrue(!log.contains("Sanitizer") && !log.contains("runtime error"), log);
    }

    /** Mostly frames that could be some, since others are refused at once. */
    private static byte[] nonsense(Random random) {
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        if (random.nextInt(10) > 0) {
            out.writeBytes(new AgentFrame(
                            AgentFrame.HELLO,
                            0,
                            new AgentFields()
                                    .add(AgentFields.VERSION, 1)
                                    .add(AgentFields.NONCE, new byte[16])
                                    .payload())
                    .encode());
        }
        for (int i = random.nextInt(40); i > 0; i--) {
            out.writeBytes(new AgentFrame(1 + random.nextInt(14), random.nextInt(5), payload(random)).encode());
        }
        byte[] bytes = out.toByteArray();
        for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return bytes;
    }

    private static byte[] payload(Random random) {
        int kind = random.nextInt(10);
        if (kind == 0) {
            byte[] bytes = new byte[random.nextInt(AgentFrame.MAX_PAYLOAD_BYTES + 1)];
            random.nextBytes(bytes);
            return bytes;
        }
        if (kind < 4) {
            return AgentFrame.number(random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(300_000));
        }
        if (kind < 5) {
            return AgentFrame.longNumber(random.nextLong() >>> random.nextInt(64));
        }
        AgentFields fields = new AgentFields();
        if (random.nextInt(3) == 0) {
            fields.add(AgentFields.OPERATION, 7 + random.nextInt(4)).add(AgentFields.ARGUMENT, "cat");
        }
        for (int i = random.nextInt(6); i > 0; i--) {
            int tag = 1 + random.nextInt(26);
            switch (random.nextInt(4)) {
                case 0 -> fields.add(tag, random.nextLong() >>> random.nextInt(64));
                case 1 -> fields.add(tag, random.nextBoolean() ? "cat" : "true");
                case 2 -> fields.add(tag, "/tmp/stardust-agent-fuzz-" + random.nextInt(3));
                default -> fields.add(tag, new byte[random.nextInt(40)]);
            }
        }
        return fields.payload();
    }

    @Property(tries = 300)
    void bytesAreReadAsFramesOrRefused(@ForAll byte[] bytes) {
        AgentFrame.Reader reader = new AgentFrame.Reader(Channels.newChannel(new ByteArrayInputStream(bytes)));
        int read = 0;
        try {
            for (AgentFrame frame = reader.read(); frame != null; frame = reader.read()) {
                read += AgentFrame.HEADER_BYTES + frame.payload().length;
                AgentFields.parse(frame.payload());
            }
            assertEquals(bytes.length, read);
        } catch (IOException e) {
            assertTrue(e.getMessage() != null);
        }
    }

    @Property(tries = 300)
    void fieldsComeBackAsTheyWereAndDamagedOnesAreReadOrRefused(@ForAll long seed) throws IOException {
        Random random = new Random(seed);
        AgentFields fields = new AgentFields();
        List<AgentFields.Field> expected = new ArrayList<>();
        for (int i = random.nextInt(20); i > 0; i--) {
            byte[] bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            expected.add(new AgentFields.Field(random.nextInt(65536), bytes));
            fields.add(expected.get(expected.size() - 1).tag(), bytes);
        }
        byte[] payload = fields.payload();
        List<AgentFields.Field> found = AgentFields.parse(payload);
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < found.size(); i++) {
            assertEquals(expected.get(i).tag(), found.get(i).tag());
            assertEquals(
                    ByteBuffer.wrap(expected.get(i).bytes()),
                    ByteBuffer.wrap(found.get(i).bytes()));
        }
        if (payload.length > 0) {
            payload[random.nextInt(payload.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                AgentFields.parse(payload);
            } catch (IOException e) {
                assertTrue(e.getMessage() != null);
            }
        }
    }

    /** A guest that answers whatever it likes: all that was asked of it ends, and nothing else happens. */
    @Test
    void aGuestThatSendsNonsenseEndsItsConnectionAtMost() throws Exception {
        long seed = System.nanoTime();
        System.out.println("AgentFuzzTest: seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            hostileGuest(random, dir.resolve("sock-" + round));
        }
    }

    private void hostileGuest(Random random, Path socket) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            SocketChannel ours = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            try (SocketChannel guest = listener.accept()) {
                CompletableFuture<GuestAgent> connecting = GuestAgent.connect(
                                ours, "fuzz", TimeUnit.SECONDS.toMillis(LIMIT_S))
                        .toCompletableFuture();
                AgentFrame hello = new AgentFrame.Reader(guest).read();
                guest.write(ByteBuffer.wrap(new AgentFrame(AgentFrame.HELLO_REPLY, 0, hello.payload()).encode()));
                GuestAgent agent = connecting.get(LIMIT_S, TimeUnit.SECONDS);
                List<CompletableFuture<?>> asked = new ArrayList<>();
                asked.add(agent.start(GuestCommand.of("true"), new Collected(false))
                        .thenCompose(Execution::exit)
                        .toCompletableFuture());
                asked.add(agent.metrics().toCompletableFuture());
                asked.add(agent.workloadStatus().toCompletableFuture());
                asked.add(agent.startWorkload(GuestCommand.of("true"), Map.of("a", new byte[3]))
                        .toCompletableFuture());
                asked.add(agent.attach(new Collected(false))
                        .thenCompose(Execution::exit)
                        .toCompletableFuture());
                asked.add(agent.download("/file", dir.resolve("target"), Runnable::run)
                        .toCompletableFuture());
                for (int i = random.nextInt(60); i > 0; i--) {
                    int type = random.nextInt(5) == 0 ? random.nextInt(256) : 64 + random.nextInt(9);
                    byte[] frame = new AgentFrame(type, random.nextInt(8), payload(random)).encode();
                    try {
                        guest.write(ByteBuffer.wrap(frame));
                    } catch (IOException e) {
                        break; // We hung up.
                    }
                }
                guest.shutdownOutput();
                for (CompletableFuture<?> answer : asked) {
                    try {
                        answer.get(LIMIT_S, TimeUnit.SECONDS);
                    } catch (ExecutionException e) {
                        assertInstanceOf(IOException.class, e.getCause());
                    }
                }
                agent.close();
            }
        } finally {
            Files.deleteIfExists(socket);
        }
    }
}
