package dev.stardust.ops.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.build.DebianImage;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.cli.Units;
import dev.stardust.ops.demo.GuestLog.Heartbeat;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.launch.Installation;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The main job, shown: Linux VMs on the portable hypervisor, one migrated while it serves; then on KVM three nodes on
 * this machine, six VMs by one deploy message, a live migration, a killed node process, a killed host; then a checker judges
 * each claim. Everything goes through the HTTP API that users have.
 */
public final class Demo {
    private static final int NODES = 3;
    private static final int STEPS = LinuxPart.STEPS + 9;
    private static final int START_TIMEOUT_MS = 120_000;
    private static final int GUEST_TIMEOUT_MS = 180_000;
    private static final int LEASE_TIMEOUT_MS = 60_000;
    private static final DebianImage IMAGE = new DebianImage(DebianImage.USUAL_SUITE, List.of(), 512L << 20);
    private static final String DEPLOYMENT = "examples/demo.yaml";
    private static final int EXIT_FAILED = 1;
    private static final int LOG_TAIL = 2;
    private static final int LOG_LOOKS = 8;
    private static final int LOG_POLL_MS = 250;

    private final PrintStream out = System.out;
    private final Steps steps = new Steps(out, STEPS, LinuxPart.STEPS + 1);
    private final int portBase;
    private final boolean keep;
    private final Path folder;
    private LinuxPart linux;
    private LocalCluster cluster;
    private Map<String, Long> segmentBytesAtImport = Map.of();

    /**
     * A demo.
     *
     * @param portBase first port
     * @param folder where everything goes, or null for a new temp folder
     * @param keep whether the cluster stays up at the end
     */
    public Demo(int portBase, Path folder, boolean keep) throws IOException {
        this.portBase = portBase;
        this.keep = keep;
        this.folder = folder == null
                ? Files.createTempDirectory("stardust-demo-")
                : Files.createDirectories(folder).toRealPath();
    }

    /** Runs it all; 0 when every claim holds. */
    public int run() throws IOException, InterruptedException {
        Thread cleaner = new Thread(this::cleanUp, "demo-clean-up");
        Runtime.getRuntime().addShutdownHook(cleaner);
        boolean ok = false;
        try {
            out.println("Stardust demo. All files are in " + folder);
            LinuxPart.Shown ofLinux = showLinux();
            List<Claim> claims = new ArrayList<>(ofLinux.claims());
            if (ofLinux.kvm()) {
                cluster = new LocalCluster(folder);
                Expectation expected = show();
                expected.write(folder.resolve("expect.json"));
                steps.begin("Checking every claim by looking at processes, threads, serial output and digests");
                claims.addAll(new Checker(expected, cluster.client(cluster.member(expected.restarted()))).check());
            } else {
                out.println(
                        "\nNo KVM that can be used: the part with native guests, kills and a lost host is left out");
            }
            ok = judge(claims);
        } finally {
            if (keep && cluster != null) {
                Runtime.getRuntime().removeShutdownHook(cleaner);
                tellHowToGoOn();
            }
        }
        return ok ? 0 : EXIT_FAILED;
    }

    private LinuxPart.Shown showLinux() throws IOException, InterruptedException {
        Optional<String> impossible = LinuxPart.impossible();
        if (impossible.isPresent()) {
            out.println("Linux VMs are not shown: " + impossible.get());
            return new LinuxPart.Shown(true, List.of());
        }
        linux = new LinuxPart(folder.resolve("linux"));
        return linux.run(portBase, 1, STEPS);
    }

    private Expectation show() throws IOException, InterruptedException {
        steps.begin("KVM: starting three nodes: one cluster, three registry voters, one chunk ring with two replicas");
        for (int n = 1; n <= NODES; n++) {
            cluster.add(n, portBase);
        }
        cluster.form(START_TIMEOUT_MS);
        ApiClient api = cluster.client(cluster.members().get(0));
        for (JsonNode host : api.get("/nodes")) {
            steps.say(host.path("name").asText() + "  " + host.path("state").asText() + "  "
                    + host.path("role").asText() + "  " + host.path("address").asText());
        }

        steps.begin("Making a Debian root filesystem, 512 MiB of ext4"
                + (Files.exists(IMAGE.cached()) ? " (cached)" : " (mmdebstrap, cached for the next time)"));
        Path image = IMAGE.make();

        steps.begin("Importing it into the chunk store: chunked, deduplicated, compressed, spread over the ring");
        JsonNode imported = Jobs.await(
                api, api.post("/images", Map.of("name", "debian", "path", image.toString())), "import", state -> {});
        steps.say(String.format(
                Locale.ROOT,
                "%s in %d chunks, %s stored, sha256 %s",
                Units.bytes(imported.path("sizeBytes").asLong()),
                imported.path("chunks").asLong(),
                Units.bytes(imported.path("storedBytes").asLong()),
                imported.path("sha256").asText()));
        segmentBytesAtImport = Checker.segmentBytes(dataFolders());

        steps.begin("Deploying " + DEPLOYMENT + ": six VMs of our small test guest, since KVM here need not run Linux");
        String yaml = Files.readString(Installation.home().resolve(DEPLOYMENT));
        Jobs.await(
                api,
                api.postText(
                        "/deployments", yaml, Map.of("Content-Type", "application/yaml", "X-File-Name", DEPLOYMENT)),
                "deploy",
                state -> {});
        Map<String, String> placed = placements(api);
        steps.say("waiting until every guest has read its whole disk and works");
        placed.forEach((vm, host) -> LocalCluster.await(
                vm + " works and has checked its disk",
                GUEST_TIMEOUT_MS,
                () -> log(host, vm).last().map(h -> h.diskChecked() > 0).orElse(false)));
        printPs(api);

        String moved = placed.keySet().iterator().next();
        steps.begin("Following " + moved + " for two seconds, as 'stardust logs -f' does");
        followLog(api, moved);

        String from = placed.get(moved);
        String to = cluster.members().stream()
                .map(Member::name)
                .filter(n -> !n.equals(from))
                .findFirst()
                .orElseThrow();
        steps.begin("Migrating " + moved + " from " + from + " to " + to + " while it works");
        Heartbeat before = log(from, moved).last().orElseThrow();
        migrate(api, moved, to);
        LocalCluster.await(
                moved + " gives heartbeats on " + to,
                GUEST_TIMEOUT_MS,
                () -> log(to, moved).last().map(h -> h.n() >= before.n() + 2).orElse(false));
        long gapUs = log(to, moved).heartbeats().stream()
                .filter(h -> h.n() >= before.n())
                .mapToLong(Heartbeat::gapUs)
                .max()
                .orElse(0);
        steps.say(String.format(Locale.ROOT, "downtime as the guest saw it: %.1f ms", gapUs / 1000.0));

        Map<String, String> now = placements(api);
        String restarted = to;
        steps.begin("kill -9 of the node process of " + restarted + ": its guests go on, the node takes them up again");
        Member victim = cluster.member(restarted);
        ApiClient other = cluster.client(cluster.member(from));
        LocalCluster.killNode(victim);
        Map<String, Long> atKill = heartbeatsOn(now, restarted);
        Thread.sleep(3_000);
        Map<String, Long> atReturn = heartbeatsOn(now, restarted);
        cluster.start(victim);
        cluster.awaitState(victim, "member", START_TIMEOUT_MS);
        LocalCluster.await(
                "the VMs of " + restarted + " are shown as running again",
                START_TIMEOUT_MS,
                () -> vms(other).entrySet().stream()
                        .filter(e -> restarted.equals(now.get(e.getKey())))
                        .allMatch(e -> e.getValue().path("state").asText().equals("running")));
        printPs(other);

        String dead = cluster.members().stream()
                .map(Member::name)
                .filter(n -> !n.equals(from) && !n.equals(restarted))
                .findFirst()
                .orElseThrow();
        steps.begin("kill -9 of the whole host " + dead + " (node process and workers)");
        LocalCluster.killHost(cluster.member(dead));
        LocalCluster.await(
                "the VMs of " + dead + " are shown as lost", LEASE_TIMEOUT_MS, () -> vms(other).entrySet().stream()
                        .filter(e -> dead.equals(now.get(e.getKey())))
                        .allMatch(e -> e.getValue().path("state").asText().equals("lost")));
        printPs(other);
        steps.end();
        return expectation(image, now, moved, from, before, restarted, atKill, atReturn, dead);
    }

    private Expectation expectation(
            Path image,
            Map<String, String> placed,
            String moved,
            String from,
            Heartbeat before,
            String restarted,
            Map<String, Long> atKill,
            Map<String, Long> atReturn,
            String dead) {
        Map<String, String> running = new TreeMap<>(placed);
        Map<String, String> lost = new TreeMap<>(placed);
        running.values().removeIf(dead::equals);
        lost.values().removeIf(h -> !h.equals(dead));
        return new Expectation(
                image.toString(),
                dataFolders(),
                segmentBytesAtImport,
                running,
                lost,
                dead,
                restarted,
                moved,
                from,
                before.n(),
                before.diskChecked(),
                atKill,
                atReturn);
    }

    private Map<String, String> dataFolders() {
        Map<String, String> nodes = new TreeMap<>();
        cluster.members().forEach(m -> nodes.put(m.name(), m.data().toString()));
        return nodes;
    }

    private boolean judge(List<Claim> claims) {
        out.println();
        claims.forEach(c -> out.printf("%-6s  %s  (%s)%n", c.ok() ? "ok" : "FAILED", c.text(), c.detail()));
        long failed = claims.stream().filter(c -> !c.ok()).count();
        out.printf("%n%d claims hold, %d failed%n", claims.size() - failed, failed);
        return failed == 0;
    }

    private void migrate(ApiClient api, String vm, String to) {
        int[] shown = {0};
        JsonNode result = Jobs.await(api, api.post("/vms/" + vm + "/migrate", Map.of("to", to)), vm, state -> {
            JsonNode rounds = state.path("result").path("rounds");
            for (; shown[0] < rounds.size(); shown[0]++) {
                JsonNode r = rounds.get(shown[0]);
                steps.say(String.format(
                        Locale.ROOT,
                        "round %-3s %6d pages, %9s sent; saved: zero %d, base %d, dedup %d; disk blocks %d; %d ms",
                        r.path("final").asBoolean() ? "end" : r.path("round").asText(),
                        r.path("sent").asLong(),
                        Units.bytes(r.path("bytes").asLong()),
                        r.path("zero").asLong(),
                        r.path("base").asLong(),
                        r.path("same").asLong() + r.path("unchanged").asLong(),
                        r.path("diskBlocks").asLong(),
                        r.path("ms").asLong()));
            }
        });
        steps.say(String.format(
                Locale.ROOT,
                "in all %d ms, %s sent",
                result.path("totalMs").asLong(),
                Units.bytes(result.path("bytes").asLong())));
    }

    private static Map<String, JsonNode> vms(ApiClient api) {
        Map<String, JsonNode> vms = new TreeMap<>();
        api.get("/vms").forEach(vm -> vms.put(vm.path("name").asText(), vm));
        return vms;
    }

    private static Map<String, String> placements(ApiClient api) {
        Map<String, String> placed = new TreeMap<>();
        vms(api).forEach((name, vm) -> placed.put(name, vm.path("host").asText()));
        return placed;
    }

    private Map<String, Long> heartbeatsOn(Map<String, String> placed, String host) {
        Map<String, Long> beats = new TreeMap<>();
        placed.forEach((vm, h) -> {
            if (h.equals(host)) {
                beats.put(vm, log(host, vm).last().map(Heartbeat::n).orElse(0L));
            }
        });
        return beats;
    }

    private GuestLog log(String host, String vm) {
        return GuestLog.read(cluster.member(host).serialLog(vm));
    }

    /** Shows the last lines of a VM's serial output and those that come while we look on. */
    private void followLog(ApiClient api, String vm) throws InterruptedException {
        StringBuilder unshown = new StringBuilder();
        long offset = readLog(api, vm, 0, unshown);
        int end = unshown.lastIndexOf("\n") + 1;
        List<String> lines = unshown.substring(0, end).lines().toList();
        lines.subList(Math.max(0, lines.size() - LOG_TAIL), lines.size()).forEach(steps::say);
        unshown.delete(0, end);
        for (int looked = 0; looked < LOG_LOOKS; looked++) {
            Thread.sleep(LOG_POLL_MS);
            offset = readLog(api, vm, offset, unshown);
            end = unshown.lastIndexOf("\n") + 1;
            unshown.substring(0, end).lines().forEach(steps::say);
            unshown.delete(0, end);
        }
    }

    private static long readLog(ApiClient api, String vm, long from, StringBuilder into) {
        long offset = from;
        JsonNode part;
        do {
            part = api.get("/vms/" + vm + "/logs?offset=" + offset);
            offset = part.path("next").asLong();
            into.append(
                    new String(Base64.getDecoder().decode(part.path("data").asText()), StandardCharsets.ISO_8859_1));
        } while (part.path("more").asBoolean());
        return offset;
    }

    private void printPs(ApiClient api) {
        out.printf("      %-10s %-9s %-8s %-6s %s%n", "NAME", "STATE", "HOST", "EPOCH", "REASON");
        vms(api).values()
                .forEach(vm -> out.printf(
                        "      %-10s %-9s %-8s %-6s %s%n",
                        vm.path("name").asText(),
                        vm.path("state").asText(),
                        vm.path("host").asText(),
                        vm.path("epoch").asText(),
                        vm.path("reason").asText()));
    }

    private void tellHowToGoOn() {
        out.println("\nThe cluster with KVM's guests is kept. Look at it with:");
        Member member = cluster.members().get(0);
        out.println("  export STARDUST_NODE=" + member.address() + ":" + member.portBase() + " STARDUST_TOKEN_FILE="
                + cluster.tokenFile());
        out.println("  ./stardust ps");
        out.println("and end it with: pkill -f " + folder + " && rm -r " + folder);
    }

    private void cleanUp() {
        if (linux != null) {
            linux.close();
        }
        if (cluster != null) {
            cluster.close();
        }
        if (Files.exists(folder)) {
            LocalCluster.deleteTree(folder);
        }
    }
}
