package dev.stardust.cluster.registry;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** A {@link RegistryPeerMain} process and the conversation with it. */
final class ChildPeer implements AutoCloseable {
    private final Process process;
    private final BufferedWriter out;
    private final Map<String, CompletableFuture<String>> waiting = new ConcurrentHashMap<>();
    private final AtomicLong ids = new AtomicLong();

    ChildPeer(String id, String address, UUID group, Path dir, String mode, long snapshotThreshold) throws IOException {
        waiting.put("started", new CompletableFuture<>());
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx192m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        RegistryPeerMain.class.getName(),
                        id,
                        address,
                        group.toString(),
                        dir.toString(),
                        mode,
                        Long.toString(snapshotThreshold))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        out = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        Thread reader = new Thread(this::read, "child-" + id);
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", 2);
                CompletableFuture<String> future = words.length == 2 ? waiting.remove(words[0]) : null;
                if (future != null) {
                    future.complete(words[1]);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            waiting.values().forEach(f -> f.completeExceptionally(new IOException("the process ended")));
        }
    }

    void started() throws Exception {
        CompletableFuture<String> future = waiting.get("started");
        if (future != null) {
            Eventually.get(future);
        }
    }

    CompletableFuture<String> ask(String verb, String arguments) {
        String id = "q" + ids.incrementAndGet();
        CompletableFuture<String> future = new CompletableFuture<>();
        waiting.put(id, future);
        try {
            synchronized (out) {
                out.write(verb + " " + id + " " + arguments + "\n");
                out.flush();
            }
        } catch (IOException e) {
            future.completeExceptionally(e);
        }
        return future;
    }

    void signal(String name) throws Exception {
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("kill -" + name + ": " + status);
        }
    }

    /** Kill -9, and gone when this returns. */
    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
