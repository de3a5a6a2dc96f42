package dev.stardust.chaos.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** QEMU's live migration by TCP; the two share the disk's file, so no disk block moves. */
final class QemuContender implements Contender {
    private static final int PORT = 4444;
    private static final long MAX_BANDWIDTH = 10_000_000_000L;
    private static final int READY_TIMEOUT_MS = 60_000;
    private static final int START_ATTEMPTS = 3;
    private static final int MOVE_TIMEOUT_MS = 60_000;
    private static final int POLL_MS = 5;

    private final String name;
    private final Path folder;
    private final Path image;
    private final Namespace[] hosts;
    private final int tscKhz;
    private final int downtimeMs;
    private final boolean multifdZstd;
    private int at;
    private int starts;
    private int processes;
    private String commandLine;
    private QemuProcess running;

    /**
     * A contender.
     *
     * @param folder an empty one of its own
     * @param image the disk that each fresh guest gets a copy of
     * @param hosts two namespaces
     * @param tscKhz the guest's TSC frequency, which it must be told
     * @param downtimeMs QEMU's downtime-limit
     * @param multifdZstd whether pages go compressed through several channels
     */
    QemuContender(
            String name,
            Path folder,
            Path image,
            List<Namespace> hosts,
            int tscKhz,
            int downtimeMs,
            boolean multifdZstd)
            throws IOException {
        this.name = name;
        this.folder = Files.createDirectories(folder);
        this.image = image;
        this.hosts = hosts.toArray(Namespace[]::new);
        this.tscKhz = tscKhz;
        this.downtimeMs = downtimeMs;
        this.multifdZstd = multifdZstd;
        GuestSpec.writeKernel(folder.resolve("guest.elf"));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void start() throws IOException {
        commandLine = GuestSpec.commandLine(++starts) + " tsc_khz=" + tscKhz;
        for (int attempt = 1; ; attempt++) {
            Files.deleteIfExists(folder.resolve("serial.log"));
            Files.deleteIfExists(folder.resolve("disk.img"));
            Files.copy(image, folder.resolve("disk.img"));
            running = launch(host(), false);
            try {
                LocalCluster.await("QEMU's guest is ready", READY_TIMEOUT_MS, () -> serial().ready());
                return;
            } catch (IllegalStateException e) {
                // A microvm sometimes hangs in its firmware on a busy machine.
                end();
                if (attempt == START_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private QemuProcess launch(Namespace host, boolean incoming) throws IOException {
        return QemuProcess.start(folder, "qemu-" + ++processes, host, commandLine, incoming);
    }

    private GuestLog serial() {
        return GuestLog.read(folder.resolve("serial.log"));
    }

    @Override
    public GuestLog log() {
        return serial();
    }

    @Override
    public Namespace host() {
        return hosts[at];
    }

    @Override
    public Moved move() throws IOException {
        Namespace to = hosts[1 - at];
        String uri = "tcp:" + to.address() + ":" + PORT;
        QemuProcess target = launch(to, true);
        try {
            prepare(running);
            prepare(target);
            target.execute("migrate-incoming", Map.of("uri", uri));
            long start = System.nanoTime();
            running.execute("migrate", Map.of("uri", uri));
            JsonNode result = awaitEnd(start);
            LocalCluster.await("QEMU's target runs", MOVE_TIMEOUT_MS, () -> runs(target));
            QemuProcess source = running;
            running = target;
            at = 1 - at;
            source.close();
            return moved(result);
        } catch (IOException | RuntimeException e) {
            if (running != target) {
                target.close();
            }
            throw e;
        }
    }

    private void prepare(QemuProcess qemu) throws IOException {
        if (multifdZstd) {
            qemu.execute(
                    "migrate-set-capabilities",
                    Map.of("capabilities", List.of(Map.of("capability", "multifd", "state", true))));
            qemu.execute("migrate-set-parameters", Map.of("multifd-compression", "zstd", "multifd-channels", 2));
        }
        qemu.execute("migrate-set-parameters", Map.of("max-bandwidth", MAX_BANDWIDTH, "downtime-limit", downtimeMs));
    }

    private JsonNode awaitEnd(long startNs) throws IOException {
        while (true) {
            JsonNode state = running.execute("query-migrate", Map.of());
            switch (state.path("status").asText()) {
                case "completed" -> {
                    return state;
                }
                case "failed", "cancelled" ->
                    throw new IOException("QEMU's migration failed: "
                            + state.path("error-desc").asText());
                default -> {
                    if (System.nanoTime() - startNs > TimeUnit.MILLISECONDS.toNanos(MOVE_TIMEOUT_MS)) {
                        throw new IOException("QEMU's migration did not end in " + MOVE_TIMEOUT_MS / 1000 + " s");
                    }
                    sleep();
                }
            }
        }
    }

    private static boolean runs(QemuProcess qemu) {
        try {
            return qemu.execute("query-status", Map.of()).path("running").asBoolean();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Moved moved(JsonNode result) {
        JsonNode ram = result.path("ram");
        return new Moved(
                result.path("total-time").asLong(),
                ram.path("transferred").asLong(),
                0,
                TimeUnit.MILLISECONDS.toMicros(result.path("downtime").asLong()),
                ram.path("dirty-sync-count").asLong() + " rounds, "
                        + ram.path("normal").asLong() + " pages, "
                        + ram.path("duplicate").asLong() + " zero");
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public void end() {
        if (running != null) {
            running.close();
            running = null;
        }
    }
}
