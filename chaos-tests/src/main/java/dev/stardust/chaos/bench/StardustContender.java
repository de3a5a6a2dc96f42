package dev.stardust.chaos.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.net.Network.Namespace;
import dev.stardust.ops.demo.GuestLog;
import dev.stardust.ops.demo.LocalCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Our own migration of a plain VM, or of a clone of a base that both hosts hold. */
final class StardustContender implements Contender {
    private static final int READY_TIMEOUT_MS = 120_000;
    private static final int PAGE = 4096;

    private final StardustCluster cluster;
    private final String name;
    private final boolean clone;
    private final Path kept;
    private int at;
    private int starts;
    private String vm;
    private SerialHistory history = new SerialHistory();

    /**
     * A contender.
     *
     * @param folder where a link keeps the serial output of a host that the guest has left
     */
    StardustContender(StardustCluster cluster, String name, boolean clone, Path folder) throws IOException {
        this.cluster = cluster;
        this.name = name;
        this.clone = clone;
        this.kept = Files.createDirectories(folder).resolve("left.log");
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void start() {
        at = 0;
        history = new SerialHistory();
        starts++;
        vm = (clone ? "clone-" : "plain-") + starts;
        cluster.run(vm, at, clone ? null : (long) starts);
        LocalCluster.await(vm + " works", READY_TIMEOUT_MS, () -> log().last().isPresent());
    }

    @Override
    public GuestLog log() {
        return GuestLog.parse(history.with(read(serial())));
    }

    private Path serial() {
        return cluster.member(at).serialLog(vm);
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot read " + file, e);
        }
    }

    @Override
    public Namespace host() {
        return cluster.host(at);
    }

    @Override
    public Moved move() throws IOException {
        // A second name for the source's file, since the source deletes its own.
        Files.deleteIfExists(kept);
        Files.createLink(kept, serial());
        JsonNode job = cluster.api()
                .post(
                        "/vms/" + vm + "/migrate",
                        Map.of("to", cluster.member(1 - at).name()));
        JsonNode result = cluster.await(job, vm);
        history.leave(read(kept));
        at = 1 - at;
        return moved(result);
    }

    static Moved moved(JsonNode result) {
        long pages = 0;
        long blocks = 0;
        long zero = 0;
        long base = 0;
        long saved = 0;
        List<String> ms = new ArrayList<>();
        for (JsonNode round : result.path("rounds")) {
            pages += round.path("sent").asLong();
            blocks += round.path("diskBlocks").asLong();
            zero += round.path("zero").asLong();
            base += round.path("base").asLong();
            ms.add(round.path("ms").asText());
            saved += round.path("same").asLong() + round.path("unchanged").asLong();
        }
        return new Moved(
                result.path("totalMs").asLong(),
                pages * PAGE,
                blocks * PAGE,
                result.path("pausedUs").asLong(),
                "rounds of " + String.join("+", ms) + " ms, " + pages + " pages, " + zero + " zero, " + base + " base, "
                        + saved + " same, " + blocks + " blocks");
    }

    @Override
    public void end() {
        if (vm != null) {
            cluster.remove(vm);
            vm = null;
        }
    }
}
