package dev.stardust.chaos.fault;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chaos.check.GuestWatch;
import dev.stardust.chaos.check.VcpuThread;
import dev.stardust.ops.cli.ApiClient;
import dev.stardust.ops.cli.Jobs;
import dev.stardust.ops.demo.LocalCluster;
import dev.stardust.ops.demo.LocalCluster.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Kills source, target or leader in the middle of a migration, starts it again and judges: exactly one owner, at most
 * one running guest at any time, data right, nothing paused for ever, no VM lost whose complete copy survived.
 */
public final class MigrationKill {
    /** A migration of this guest takes long enough to be hit, and converges. */
    private static final String GUEST =
            "fill_mib=128 ws_mib=32 rate_mibs=60 random_pct=50 disk_kibs=256 disk_ws_mib=4 hb_ms=250";

    private static final int MEMORY_MIB = 256;
    private static final int JUDGED_AFTER_MS = 30_000;
    private static final int LOOK_AGAIN_MS = 250;
    private static final int WATCH_MS = 2_000;
    private static final int CALM_TIMEOUT_MS = 60_000;
    private static final int COPYING_TIMEOUT_MS = 30_000;
    private static final int LOOK_FOR_COPY_MS = 5;

    /** A vCPU that runs leaves the guest often, but not for so many milliseconds. */
    private static final int SAMPLES_OUTSIDE = 3;

    private final TestCluster cluster;

    /** Kills in this three-node cluster, all of whose nodes live. */
    public MigrationKill(TestCluster cluster) {
        this.cluster = cluster;
    }

    /**
     * Migrates a VM with nobody killed; gives the milliseconds that the copying took, the scale for the points of the
     * kills.
     */
    public long calmMs(String vm) throws IOException, InterruptedException {
        Member source = cluster.members().get(0);
        Member target = cluster.members().get(1);
        cluster.run(vm, source, MEMORY_MIB, GUEST);
        try (GuestWatch watch = new GuestWatch(cluster.nodes(), vm)) {
            JsonNode job = cluster.api().post("/vms/" + vm + "/migrate", Map.of("to", target.name()));
            awaitCopying(vm, target);
            long begin = System.nanoTime();
            Jobs.await(cluster.api(), job, vm, state -> {});
            long ms = (System.nanoTime() - begin) / 1_000_000;
            long beat = watch.lastHeartbeat();
            LocalCluster.await(
                    vm + " goes on after a calm migration", CALM_TIMEOUT_MS, () -> watch.lastHeartbeat() > beat + 3);
            watch.finish();
            if (!watch.wrong().isEmpty() || !watch.ranOn().equals(Set.of(source.name(), target.name()))) {
                throw new IllegalStateException(
                        "a calm migration went wrong: " + watch.wrong() + ", ran on " + watch.ranOn());
            }
            remove(vm);
            return ms;
        }
    }

    /** Waits until the target has made its machine; a migration that has ended before will not get there. */
    private void awaitCopying(String vm, Member target) throws InterruptedException {
        long end = System.nanoTime() + COPYING_TIMEOUT_MS * 1_000_000L;
        while (System.nanoTime() < end
                && VcpuThread.of(cluster.nodes(), vm).stream()
                        .noneMatch(t -> t.host().equals(target.name()))) {
            Thread.sleep(LOOK_FOR_COPY_MS);
        }
    }

    /** Waits until the source's vCPU has left the guest for good; a migration that has ended before will not get there. */
    private void awaitPause(String vm, Member source) throws InterruptedException {
        List<VcpuThread> threads = VcpuThread.of(cluster.nodes(), vm).stream()
                .filter(t -> t.host().equals(source.name()))
                .toList();
        long end = System.nanoTime() + COPYING_TIMEOUT_MS * 1_000_000L;
        int outside = 0;
        while (System.nanoTime() < end && outside < SAMPLES_OUTSIDE) {
            outside = threads.stream().anyMatch(VcpuThread::inGuest) ? 0 : outside + 1;
            Thread.sleep(1);
        }
    }

    /** Runs a VM, migrates it, kills, starts again, judges, removes the VM. */
    public KillResult run(KillPlan plan) throws IOException, InterruptedException {
        Member leader = cluster.leader();
        List<Member> others = new ArrayList<>(cluster.members());
        others.remove(leader);
        Member source = others.get(0);
        Member target = others.get(1);
        Member victim =
                switch (plan.victim()) {
                    case SOURCE -> source;
                    case TARGET -> target;
                    case LEADER -> leader;
                };
        cluster.run(plan.vm(), source, MEMORY_MIB, GUEST);
        try (GuestWatch watch = new GuestWatch(cluster.nodes(), plan.vm())) {
            ApiClient api = cluster.nodes().client(plan.victim() == Victim.LEADER ? source : leader);
            api.post("/vms/" + plan.vm() + "/migrate", Map.of("to", target.name()));
            if (plan.moment() != Moment.ORDER) {
                awaitCopying(plan.vm(), target);
            }
            if (plan.moment() == Moment.PAUSE) {
                awaitPause(plan.vm(), source);
            }
            Thread.sleep(plan.delayMs());
            if (plan.extent() == Extent.HOST) {
                LocalCluster.killHost(victim);
            } else {
                LocalCluster.killNode(victim);
            }
            cluster.nodes().start(victim);
            KillResult result = judge(plan, source, target, watch);
            try {
                remove(plan.vm());
            } catch (RuntimeException e) {
                result.wrong().add("the VM cannot be removed: " + e.getMessage());
            }
            return result;
        }
    }

    private KillResult judge(KillPlan plan, Member source, Member target, GuestWatch watch)
            throws InterruptedException {
        long begin = System.nanoTime();
        List<String> wrong;
        long ms;
        do {
            Thread.sleep(LOOK_AGAIN_MS);
            wrong = unsettled(plan, source, target, watch);
            ms = (System.nanoTime() - begin) / 1_000_000;
        } while (!wrong.isEmpty() && ms < JUDGED_AFTER_MS);
        if (wrong.isEmpty()) {
            wrong = afterwards(plan, source, target, watch);
        }
        String outcome = outcome(plan.vm());
        watch.finish();
        wrong.addAll(watch.wrong());
        return new KillResult(plan, outcome, ms, wrong);
    }

    /** What does not agree yet: all nodes on one owner, and the processes with the owner. */
    private List<String> unsettled(KillPlan plan, Member source, Member target, GuestWatch watch) {
        List<String> wrong = new ArrayList<>();
        Set<String> owners = new TreeSet<>();
        JsonNode vm = null;
        for (Member member : cluster.members()) {
            try {
                vm = cluster.vm(member, plan.vm());
                owners.add(vm.path("host").asText() + " at epoch "
                        + vm.path("epoch").asText() + ", " + vm.path("state").asText());
            } catch (RuntimeException e) {
                wrong.add(member.name() + " does not answer: " + e.getMessage());
            }
        }
        if (owners.size() != 1) {
            wrong.add("the nodes say: " + owners);
        }
        if (!wrong.isEmpty()) {
            return wrong;
        }
        String owner = vm.path("host").asText();
        String state = vm.path("state").asText();
        if (state.equals("running")) {
            requireThreads(plan.vm(), List.of(owner), wrong);
        } else if (state.equals("failed")) {
            requireThreads(plan.vm(), List.of(), wrong);
            if (vm.path("reason").asText().isEmpty()) {
                wrong.add("the VM is lost without a reason");
            }
            if (!mayBeLost(plan, owner, source, target, watch)) {
                wrong.add("a complete copy survived and is lost: " + vm);
            }
        } else {
            wrong.add("the VM is " + state + ": " + vm.path("reason").asText());
        }
        for (Member member : cluster.members()) {
            if (!member.name().equals(owner) && Files.exists(member.vmFolder(plan.vm()))) {
                wrong.add(member.name() + " still has a folder of the VM");
            }
        }
        return wrong;
    }

    /**
     * The only complete copy died with its host: the source's before the commit, the target's after it ran there. Samples
     * miss a guest that ran there for less than the time between two; the mark that it was about to run does not.
     */
    private static boolean mayBeLost(KillPlan plan, String owner, Member source, Member target, GuestWatch watch) {
        if (plan.extent() == Extent.NODE) {
            return false;
        }
        return switch (plan.victim()) {
            case SOURCE -> owner.equals(source.name());
            case TARGET ->
                owner.equals(target.name())
                        && (watch.ranOn().contains(target.name()) || Files.exists(target.startedMark(plan.vm())));
            case LEADER -> false;
        };
    }

    private void requireThreads(String vm, List<String> hosts, List<String> wrong) {
        List<String> found = VcpuThread.of(cluster.nodes(), vm).stream()
                .map(VcpuThread::host)
                .toList();
        if (!found.equals(hosts)) {
            wrong.add("vCPU threads are on " + found + ", not on " + hosts);
        }
    }

    /** Once settled it must stay so, and a VM that is said to run must work, on its host alone. */
    private List<String> afterwards(KillPlan plan, Member source, Member target, GuestWatch watch)
            throws InterruptedException {
        Map<String, Long> before = watch.written();
        long beat = watch.lastHeartbeat();
        Thread.sleep(WATCH_MS);
        List<String> wrong = unsettled(plan, source, target, watch);
        Map<String, Long> after = watch.written();
        Set<String> writing = new HashSet<>();
        after.forEach((host, bytes) -> {
            if (bytes > before.getOrDefault(host, 0L)) {
                writing.add(host);
            }
        });
        JsonNode vm = cluster.vm(cluster.members().get(0), plan.vm());
        Set<String> expected = vm.path("state").asText().equals("running")
                ? Set.of(vm.path("host").asText())
                : Set.of();
        if (!writing.equals(expected)) {
            wrong.add("guests write on " + writing + ", not on " + expected);
        }
        if (!expected.isEmpty() && watch.lastHeartbeat() <= beat) {
            wrong.add("no heartbeat in " + WATCH_MS + " ms");
        }
        return wrong;
    }

    private String outcome(String name) {
        try {
            JsonNode vm = cluster.vm(cluster.members().get(0), name);
            return vm.path("state").asText() + " on " + vm.path("host").asText() + " at epoch "
                    + vm.path("epoch").asText()
                    + (vm.path("reason").asText().isEmpty()
                            ? ""
                            : " (" + vm.path("reason").asText() + ")");
        } catch (RuntimeException e) {
            return "unknown: " + e.getMessage();
        }
    }

    private void remove(String vm) {
        cluster.api().delete("/vms/" + vm + "?force=true");
    }
}
