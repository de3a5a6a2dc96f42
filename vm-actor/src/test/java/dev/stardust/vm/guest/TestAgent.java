package dev.stardust.vm.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A guest's agent as a process of this host, reached by a unix socket. */
final class TestAgent implements AutoCloseable {
    private static final long LIMIT_S = 20;

    private final Process process;
    private final Path socket;

    private TestAgent(Process process, Path socket) {
        this.process = process;
        this.socket = socket;
    }

    /** Builds the agent with those flags of the compiler more. */
    static Path build(Path folder, String... flags) throws IOException, InterruptedException {
        Path program = folder.resolve("stardust-agent");
        List<String> command = new ArrayList<>(List.of("src/agent/build.sh", program.toString()));
        command.addAll(List.of(flags));
        Process build = new ProcessBuilder(command).inheritIO().start();
        if (build.waitFor() != 0) {
            throw new IOException("the agent cannot be built");
        }
        return program;
    }

    /** Starts it as this user. */
    static TestAgent start(Path program, Path folder) throws IOException, InterruptedException {
        return start(List.of(), program, folder);
    }

    /** Starts it by another program. */
    static TestAgent start(List<String> by, Path program, Path folder) throws IOException, InterruptedException {
        Path socket = folder.resolve("agent.sock");
        Files.deleteIfExists(socket);
        Files.write(folder.resolve("console"), new byte[0]);
        List<String> command = new ArrayList<>(by);
        command.addAll(List.of(program.toString(), "--unix", socket.toString(), folder.toString()));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(folder.resolve("agent.log").toFile())
                .redirectErrorStream(true);
        Process process = builder.start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!Files.exists(socket)) {
            if (System.nanoTime() > end || !process.isAlive()) {
                process.destroyForcibly();
                throw new IOException("the agent does not listen: " + Files.readString(folder.resolve("agent.log")));
            }
            Thread.sleep(5);
        }
        return new TestAgent(process, socket);
    }

    SocketChannel open() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        return channel;
    }

    GuestAgent connect() throws Exception {
        return GuestAgent.connect(open(), "test", TimeUnit.SECONDS.toMillis(LIMIT_S))
                .toCompletableFuture()
                .get(LIMIT_S, TimeUnit.SECONDS);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() throws IOException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().join();
        Files.deleteIfExists(socket);
    }
}
