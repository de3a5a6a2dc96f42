package dev.stardust.ops.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.demo.GuestLog.Heartbeat;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Judges the demo by what the host and the guests show: processes and threads in {@code /proc}, what the guests wrote
 * to their serial ports, files and digests. Our own records are believed only where a claim is about what they say.
 */
public final class Checker {
    private static final int WATCH_MS = 4_000;
    private static final int COMM_LENGTH = 15;
    /** With two replicas of each chunk on three hosts each has a third of all bytes; the ring is not that even. */
    private static final double MIN_SPREAD_SHARE = 0.2;

    private final Expectation expected;
    private final ApiClient api;

    /**
     * A checker.
     *
     * @param expected what must be so
     * @param api a node that lives, for the claims about what {@code ps} says
     */
    public Checker(Expectation expected, ApiClient api) {
        this.expected = expected;
        this.api = api;
    }

    /** Looks at everything, which takes a few seconds, since guests are watched working. */
    public List<Claim> check() {
        Map<String, Heartbeat> before = heartbeats();
        sleep(WATCH_MS);
        Map<String, Heartbeat> after = heartbeats();
        List<Claim> claims = new ArrayList<>();
        claims.add(nodeProcesses());
        claims.add(imageSpread());
        claims.add(digests());
        claims.add(oneGuestEach());
        claims.add(working(before, after));
        claims.add(checksRight(after));
        claims.add(migratedGoesOn(after));
        claims.add(migratedDiskKept(after));
        claims.add(sourceIsClean());
        claims.add(guestsOutlivedTheirNode());
        claims.add(nodeTookGuestsUp());
        claims.add(lostAreGone());
        claims.add(lostAreReported());
        return claims;
    }

    private Claim nodeProcesses() {
        List<String> wrong = new ArrayList<>();
        expected.nodes().forEach((name, data) -> {
            int count = ProcessTable.of("dev.stardust.ops.node.NodeMain", Path.of(data))
                    .size();
            int wanted = name.equals(expected.dead()) ? 0 : 1;
            if (count != wanted) {
                wrong.add(name + " has " + count + " node processes, not " + wanted);
            }
        });
        return Claim.of("one node process runs on every host that was not killed", wrong, "counted in /proc");
    }

    /** Judged by what was there before any host fetched the image for its guests: those copies tell nothing. */
    private Claim imageSpread() {
        Map<String, Long> now = segmentBytes(expected.nodes());
        Map<String, Long> atImport = expected.segmentBytesAtImport();
        long all = atImport.values().stream().mapToLong(Long::longValue).sum();
        List<String> wrong = new ArrayList<>();
        for (String name : expected.nodes().keySet()) {
            long share = atImport.getOrDefault(name, 0L);
            if (share < all * MIN_SPREAD_SHARE || share == 0) {
                wrong.add(name + " held " + share + " of " + all + " bytes after the import");
            }
            if (now.get(name) < share) {
                wrong.add(name + " holds " + now.get(name) + " bytes, after the import it held " + share);
            }
        }
        return Claim.of(
                "the image's chunks are spread over all three hosts", wrong, atImport + " bytes after the import");
    }

    private Claim digests() {
        String wanted = sha256(Path.of(expected.image()));
        List<String> wrong = new ArrayList<>();
        for (String vm : expected.allVms()) {
            Optional<String> seen = log(vm).diskSha256();
            if (!seen.equals(Optional.of(wanted))) {
                wrong.add(vm + " read " + seen.orElse("nothing"));
            }
        }
        return Claim.of(
                "every guest read its whole disk and its SHA-256 is the image's",
                wrong,
                expected.allVms().size() + " guests, " + wanted.substring(0, 16) + "...");
    }

    private Claim oneGuestEach() {
        List<String> wrong = new ArrayList<>();
        expected.running().forEach((vm, host) -> {
            Map<String, Integer> found = guestThreads(vm);
            if (!found.equals(Map.of(host, 1))) {
                wrong.add(vm + " runs " + (found.isEmpty() ? "nowhere" : "at " + found) + ", not once on " + host);
            }
        });
        return Claim.of(
                "every VM that must run runs exactly once, on its host",
                wrong,
                expected.running().size() + " vCPU threads in worker processes");
    }

    private Claim working(Map<String, Heartbeat> before, Map<String, Heartbeat> after) {
        List<String> wrong = new ArrayList<>();
        for (String vm : expected.running().keySet()) {
            Heartbeat b = before.get(vm);
            Heartbeat a = after.get(vm);
            if (b == null || a == null || a.n() <= b.n()) {
                wrong.add(vm + " gave no heartbeat in " + WATCH_MS / 1000 + " s");
            }
        }
        return Claim.of("every running guest gives heartbeats", wrong, "watched for " + WATCH_MS / 1000 + " s");
    }

    private Claim checksRight(Map<String, Heartbeat> after) {
        List<String> wrong = new ArrayList<>();
        long blocks = 0;
        for (String vm : expected.running().keySet()) {
            Heartbeat a = after.get(vm);
            List<String> complaints = log(vm).complaints();
            if (a == null || a.errors() > 0 || !complaints.isEmpty()) {
                wrong.add(vm + " found "
                        + (complaints.isEmpty()
                                ? (a == null ? "nothing" : a.errors() + " errors")
                                : complaints.get(0)));
            } else if (a.diskChecked() == 0) {
                wrong.add(vm + " has read nothing back from its disk");
            } else {
                blocks += a.diskChecked();
            }
        }
        return Claim.of(
                "the guests' own checks of memory and disk find no error",
                wrong,
                blocks + " disk blocks read back right");
    }

    private Claim migratedGoesOn(Map<String, Heartbeat> after) {
        String vm = expected.migrated();
        List<String> wrong = new ArrayList<>();
        List<Heartbeat> all = log(vm).heartbeats();
        for (int i = 1; i < all.size(); i++) {
            if (all.get(i).n() != all.get(i - 1).n() + 1) {
                wrong.add("heartbeat " + all.get(i).n() + " follows "
                        + all.get(i - 1).n());
            }
        }
        Heartbeat last = after.get(vm);
        if (last == null || last.n() <= expected.heartbeatBeforeMigration()) {
            wrong.add("no heartbeat since the migration");
        }
        return Claim.of(
                "the migrated guest went on counting: no heartbeat is missing or twice",
                wrong,
                vm + ", " + all.size() + " heartbeats");
    }

    private Claim migratedDiskKept(Map<String, Heartbeat> after) {
        Heartbeat last = after.get(expected.migrated());
        List<String> wrong = new ArrayList<>();
        if (expected.diskCheckedBeforeMigration() == 0) {
            wrong.add("it had written nothing before");
        }
        if (last == null || last.diskChecked() <= expected.diskCheckedBeforeMigration() || last.errors() > 0) {
            wrong.add("it did not find what it wrote before (" + last + ")");
        }
        return Claim.of("what the migrated guest wrote to its disk before is there after", wrong, String.valueOf(last));
    }

    private Claim sourceIsClean() {
        String vm = expected.migrated();
        Path left = Path.of(expected.nodes().get(expected.migratedFrom()))
                .resolve("vms")
                .resolve(vm);
        List<String> wrong = new ArrayList<>();
        if (guestThreads(vm).containsKey(expected.migratedFrom())) {
            wrong.add("its vCPU thread is still on " + expected.migratedFrom());
        }
        if (Files.exists(left)) {
            wrong.add(left + " is still there");
        }
        return Claim.of("the source of the migration has no such VM any more", wrong, expected.migratedFrom());
    }

    private Claim guestsOutlivedTheirNode() {
        List<String> wrong = new ArrayList<>();
        expected.heartbeatsBeforeNodeKill().forEach((vm, n) -> {
            long atReturn = expected.heartbeatsAtNodeReturn().getOrDefault(vm, 0L);
            long between = log(vm).heartbeats().stream()
                    .filter(h -> h.n() > n && h.n() <= atReturn)
                    .count();
            if (atReturn <= n || between != atReturn - n) {
                wrong.add(vm + " stood still at heartbeat " + n);
            }
        });
        if (expected.heartbeatsBeforeNodeKill().isEmpty()) {
            wrong.add("no VM was there");
        }
        return Claim.of(
                "guests went on while their node process was dead",
                wrong,
                expected.heartbeatsBeforeNodeKill() + " -> " + expected.heartbeatsAtNodeReturn());
    }

    private Claim nodeTookGuestsUp() {
        List<String> wrong = new ArrayList<>();
        Map<String, JsonNode> ps = ps();
        expected.running().forEach((vm, host) -> {
            if (host.equals(expected.restarted())
                    && !(ps.containsKey(vm)
                            && ps.get(vm).path("state").asText().equals("running")
                            && ps.get(vm).path("host").asText().equals(host))) {
                wrong.add(vm + " is shown as " + ps.get(vm));
            }
        });
        return Claim.of("the restarted node took its guests up again", wrong, expected.restarted());
    }

    private Claim lostAreGone() {
        List<String> wrong = new ArrayList<>();
        for (String vm : expected.lost().keySet()) {
            Map<String, Integer> found = guestThreads(vm);
            if (!found.isEmpty()) {
                wrong.add(vm + " runs at " + found);
            }
        }
        return Claim.of(
                "no guest of the killed host runs anywhere",
                wrong,
                expected.lost().keySet() + " of " + expected.dead());
    }

    private Claim lostAreReported() {
        List<String> wrong = new ArrayList<>();
        Map<String, JsonNode> ps = ps();
        for (String vm : expected.lost().keySet()) {
            JsonNode shown = ps.get(vm);
            if (shown == null
                    || !shown.path("state").asText().equals("lost")
                    || !shown.path("reason").asText().contains(expected.dead())) {
                wrong.add(vm + " is shown as " + shown);
            }
        }
        return Claim.of("the killed host's VMs are shown as lost, with the reason", wrong, expected.dead());
    }

    private Map<String, JsonNode> ps() {
        Map<String, JsonNode> byName = new TreeMap<>();
        try {
            api.get("/vms").forEach(vm -> byName.put(vm.path("name").asText(), vm));
        } catch (RuntimeException e) {
            // The claims about ps then fail, which is what a cluster that does not answer deserves.
            return byName;
        }
        return byName;
    }

    /** On which hosts a VM has vCPU threads in worker processes, and how many. */
    private Map<String, Integer> guestThreads(String vm) {
        String wanted = "vcpu0-" + vm;
        String comm = wanted.substring(0, Math.min(COMM_LENGTH, wanted.length()));
        Map<String, Integer> found = new TreeMap<>();
        expected.nodes().forEach((host, data) -> {
            for (ProcessTable.Found p : ProcessTable.of("dev.stardust.ops.node.WorkerMain", Path.of(data))) {
                long threads = ProcessTable.threadNames(p.pid()).stream()
                        .filter(comm::equals)
                        .count();
                if (threads > 0) {
                    found.merge(host, (int) threads, Integer::sum);
                }
            }
        });
        return found;
    }

    private Map<String, Heartbeat> heartbeats() {
        Map<String, Heartbeat> last = new TreeMap<>();
        for (String vm : expected.running().keySet()) {
            log(vm).last().ifPresent(h -> last.put(vm, h));
        }
        return last;
    }

    private GuestLog log(String vm) {
        String host = expected.running().getOrDefault(vm, expected.lost().get(vm));
        return GuestLog.read(
                Path.of(expected.nodes().get(host)).resolve("vms").resolve(vm).resolve("serial.log"));
    }

    /** Bytes in the segments of each host: host name to bytes. */
    static Map<String, Long> segmentBytes(Map<String, String> nodes) {
        Map<String, Long> bytes = new TreeMap<>();
        nodes.forEach((name, data) -> bytes.put(name, folderBytes(Path.of(data).resolve("segments"))));
        return bytes;
    }

    private static long folderBytes(Path folder) {
        try (var files = Files.list(folder)) {
            long sum = 0;
            for (Path file : files.toList()) {
                sum += Files.size(file);
            }
            return sum;
        } catch (IOException e) {
            return 0;
        }
    }

    static String sha256(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 20];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while watching the guests", e);
        }
    }
}
