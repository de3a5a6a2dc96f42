package dev.stardust.ops.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.file.Tool;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.cli.Units;
import dev.stardust.ops.demo.LocalCluster.Member;
import dev.stardust.ops.launch.Installation;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Six Linux VMs on three nodes beside two native guests of KVM, where there is one. One of the six serves pages on a bridge and
 * checks its disk while it is migrated twenty times.
 * All of it, the client too, is in the network namespace that this process was started in, which must be its own.
 */
public final class LinuxShow {
    private static final int NODES = 3;
    private static final int VMS = 6;
    private static final int NATIVE = 2;
    private static final int MOVES = 20;
    private static final int START_TIMEOUT_MS = 120_000;
    private static final int GUEST_TIMEOUT_MS = 180_000;
    private static final String DEPLOYMENT = "examples/linux.yaml";
    private static final String NATIVE_DEPLOYMENT = "examples/native.yaml";
    private static final String BRIDGE = "br0";
    private static final String BRIDGE_ADDRESS = "10.71.0.1/24";

    /** One of its own: else the bridge has that of some port, and the guests' gateway another with each that comes or goes. */
    private static final String BRIDGE_MAC = "02:53:44:00:00:47";

    private static final String NATIVE_HYPERVISOR = "kvm";
    private static final String SERVER = "web";
    private static final InetSocketAddress SERVER_ADDRESS = new InetSocketAddress("10.71.0.2", 80);
    private static final String PAGE_LINE = "a page of a Linux VM\n";
    private static final int PAGE_BYTES = 8192;

    /** So many records the guest writes before it has read one back. */
    private static final int RECORDS_UNREAD = 31;

    private final Steps steps;
    private final LocalCluster cluster;
    private final ApiClient api;
    private boolean kvm;
    private long answered;
    private List<String> failures = List.of();
    private Check before = new Check(0, 0);
    private Check after = before;

    /** What the guest's own check found: records that it wrote, and how many it read back wrong. */
    private record Check(long records, long wrong) {
        static Check ask() throws IOException {
            String[] words = Visitor.get(SERVER_ADDRESS, "/check").strip().split(" ");
            return new Check(Long.parseLong(words[0]), Long.parseLong(words[1]));
        }
    }

    private LinuxShow(Path folder, int portBase, Steps steps) throws IOException {
        this.steps = steps;
        cluster = new LocalCluster(folder);
        for (int n = 1; n <= NODES; n++) {
            cluster.add(n, portBase);
        }
        api = cluster.client(cluster.members().get(0));
    }

    /** Arguments: folder, first port, number of the first step, of all steps, kernel package, image, file for what was shown. */
    public static void main(String[] args) throws IOException {
        Steps steps = new Steps(System.out, Integer.parseInt(args[3]), Integer.parseInt(args[2]));
        LinuxShow show = new LinuxShow(Path.of(args[0]), Integer.parseInt(args[1]), steps);
        Runtime.getRuntime().addShutdownHook(new Thread(show.cluster::close, "clean-up"));
        // A demo that was killed cannot end this one.
        ProcessHandle.current().parent().ifPresent(demo -> {
            var unused = demo.onExit().thenRun(() -> System.exit(1));
        });
        network();
        show.start();
        show.importImage(Path.of(args[4]), Path.of(args[5]));
        show.deploy();
        show.move();
        LinuxPart.write(Path.of(args[6]), new LinuxPart.Shown(show.kvm, show.claims()));
        System.exit(0);
    }

    private static void network() throws IOException {
        ip("link", "set", "lo", "up");
        ip("link", "add", BRIDGE, "address", BRIDGE_MAC, "type", "bridge");
        ip("addr", "add", BRIDGE_ADDRESS, "dev", BRIDGE);
        ip("link", "set", BRIDGE, "up");
    }

    private static void ip(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(words));
        Tool.run("iproute2", "to set up the demo's network", command);
    }

    private void start() throws IOException {
        steps.begin("Linux: starting three nodes with a bridge in a network namespace of their own");
        cluster.form(START_TIMEOUT_MS);
        for (JsonNode node : api.get("/nodes")) {
            kvm = node.path("hypervisors").asText().contains(NATIVE_HYPERVISOR);
            steps.say(node.path("name").asText() + " can use "
                    + node.path("hypervisors").asText());
        }
    }

    private void importImage(Path kernel, Path image) {
        steps.begin("Importing Debian's kernel for virtual machines and an image of busybox");
        Jobs.await(api, api.post("/kernels", Map.of("path", kernel.toString(), "name", "debian-cloud")), "", s -> {});
        Map<String, Object> boot = Map.of(
                "mode", "wanted",
                "root", "/dev/vda",
                "rootType", "ext4",
                "init", "agent",
                "args", "",
                "command", List.of("/bin/sh"));
        JsonNode imported = Jobs.await(
                api,
                api.post("/images", Map.of("name", "busybox", "path", image.toString(), "boot", boot)),
                "",
                s -> {});
        steps.say(Units.bytes(imported.path("sizeBytes").asLong()) + " in "
                + imported.path("chunks").asLong() + " chunks, "
                + Units.bytes(imported.path("storedBytes").asLong()) + " stored");
    }

    private void deploy() throws IOException {
        steps.begin("Deploying " + DEPLOYMENT + ": six Linux VMs on the hypervisor qemu, which needs no KVM");
        long startedNs = System.nanoTime();
        deploy(DEPLOYMENT);
        if (kvm) {
            deploy(NATIVE_DEPLOYMENT);
        }
        LocalCluster.await("six Linux VMs are ready", GUEST_TIMEOUT_MS, () -> ready().size() == VMS);
        steps.say(String.format(Locale.ROOT, "all six are ready after %.1f s", (System.nanoTime() - startedNs) / 1e9));
        if (kvm) {
            LocalCluster.await(
                    "native guests run", GUEST_TIMEOUT_MS, () -> natives().size() == NATIVE);
        } else {
            steps.say("no host can use KVM: native guests are not shown");
        }
        for (JsonNode vm : api.get("/vms")) {
            steps.say(String.format(
                    Locale.ROOT,
                    "%-9s %-9s %-9s on %s",
                    vm.path("name").asText(),
                    vm.path("hypervisor").asText(),
                    vm.path("state").asText(),
                    vm.path("host").asText()));
        }
        LocalCluster.await(SERVER + " serves pages and has read its first record back", GUEST_TIMEOUT_MS, () -> {
            try {
                before = Check.ask();
                return before.records() > RECORDS_UNREAD;
            } catch (IOException e) {
                // It does not listen yet.
                return false;
            }
        });
    }

    private void deploy(String example) throws IOException {
        String yaml = Files.readString(Installation.home().resolve(example));
        Map<String, String> headers = Map.of("Content-Type", "application/yaml", "X-File-Name", example);
        Jobs.await(api, api.postText("/deployments", yaml, headers), "", state -> {});
    }

    private void move() throws IOException {
        steps.begin(
                "Migrating " + SERVER + " " + MOVES + " times in a row while it serves pages and writes to its disk");
        before = Check.ask();
        long startedNs = System.nanoTime();
        double[] gapsMs = new double[MOVES];
        Visitor visitor = new Visitor(SERVER_ADDRESS, "/page", page());
        try (visitor) {
            for (int move = 0; move < MOVES; move++) {
                visitor.takeLongestGapMs();
                String to = nextHost();
                JsonNode result =
                        Jobs.await(api, api.post("/vms/" + SERVER + "/migrate", Map.of("to", to)), "", state -> {});
                long then = visitor.answered();
                LocalCluster.await(
                        SERVER + " answers on " + to,
                        GUEST_TIMEOUT_MS,
                        () -> visitor.answered() > then || !visitor.failures().isEmpty());
                gapsMs[move] = visitor.takeLongestGapMs();
                steps.say(String.format(
                        Locale.ROOT,
                        "%2d to %s: %5d ms, %9s sent; longest time without an answer %4.0f ms",
                        move + 1,
                        to,
                        result.path("totalMs").asLong(),
                        Units.bytes(result.path("bytes").asLong()),
                        gapsMs[move]));
            }
        }
        answered = visitor.answered();
        failures = visitor.failures();
        double totalS = (System.nanoTime() - startedNs) / 1e9;
        Check atEnd = Check.ask();
        // Until each record that was written on the way has been read back.
        LocalCluster.await(SERVER + " checks what it wrote", GUEST_TIMEOUT_MS, () -> {
            try {
                after = Check.ask();
                return after.records() > atEnd.records() + RECORDS_UNREAD;
            } catch (IOException e) {
                return false;
            }
        });
        Arrays.sort(gapsMs);
        steps.say(String.format(
                Locale.ROOT,
                "%d moves in %.0f s, %d requests answered; without an answer %.0f ms in the middle, %.0f ms at worst",
                MOVES,
                totalS,
                answered,
                gapsMs[MOVES / 2],
                gapsMs[MOVES - 1]));
        steps.end();
    }

    private List<Claim> claims() {
        Map<String, String> placed = ready();
        List<String> wrong = new ArrayList<>();
        if (placed.size() != VMS) {
            wrong.add("ready are " + placed.keySet());
        }
        placed.forEach((vm, host) -> {
            for (Member member : cluster.members()) {
                int found = ProcessTable.inFolder("qemu-system", member.vmFolder(vm))
                        .size();
                if (found != (member.name().equals(host) ? 1 : 0)) {
                    wrong.add(vm + " of " + host + " has " + found + " processes at " + member.name());
                }
                if (!member.name().equals(host) && Files.exists(member.vmFolder(vm))) {
                    wrong.add(member.vmFolder(vm) + " is still there");
                }
            }
        });
        List<String> unread = new ArrayList<>();
        if (after.wrong() > 0) {
            unread.add(after.wrong() + " records were wrong");
        }
        if (after.records() <= before.records()) {
            unread.add("it wrote nothing on the way");
        }
        List<Claim> claims = new ArrayList<>(List.of(
                Claim.of(
                        "six Linux VMs are ready, each with one process, on its host alone",
                        wrong,
                        "counted in /proc after " + MOVES + " migrations"),
                Claim.of(
                        "no request to the migrating Linux VM was lost or answered wrongly",
                        failures.isEmpty() && answered == 0 ? List.of("none was answered") : failures,
                        answered + " requests, each over a new connection"),
                Claim.of(
                        "the migrating Linux VM read back right what it wrote to its disk on the way",
                        unread,
                        (after.records() - before.records()) + " records")));
        if (kvm) {
            List<String> natives = natives();
            claims.add(Claim.of(
                    "two native guests of KVM run beside them",
                    natives.size() == NATIVE ? List.of() : List.of("there run " + natives),
                    String.join(", ", natives)));
        }
        return claims;
    }

    private String nextHost() {
        String now = ready().get(SERVER);
        List<String> names = cluster.members().stream().map(Member::name).toList();
        return names.get((names.indexOf(now) + 1) % NODES);
    }

    /** Where each VM is whose agent answers. */
    private Map<String, String> ready() {
        Map<String, String> ready = new TreeMap<>();
        for (JsonNode vm : api.get("/vms")) {
            if (vm.path("state").asText().equals("running") && vm.path("ready").asBoolean()) {
                ready.put(vm.path("name").asText(), vm.path("host").asText());
            }
        }
        return ready;
    }

    private List<String> natives() {
        List<String> natives = new ArrayList<>();
        for (JsonNode vm : api.get("/vms")) {
            if (vm.path("state").asText().equals("running")
                    && vm.path("hypervisor").asText().equals(NATIVE_HYPERVISOR)) {
                natives.add(vm.path("name").asText() + " on " + vm.path("host").asText());
            }
        }
        return natives;
    }

    private static String page() {
        return PAGE_LINE.repeat(PAGE_BYTES / PAGE_LINE.length() + 1).substring(0, PAGE_BYTES);
    }
}
