package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Entry;
import dev.stardust.vm.actor.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/** One VM, three hosts, a registry, a network, and what goes wrong; a seed tells it all. */
final class SimWorld {
    static final String VM = "vm";
    private static final long END_MS = 60_000;
    private static final List<String> NAMES = List.of("A", "B", "C");

    final MigrationLimits limits =
            new MigrationLimits(100, 200, 2_000, 1_500, 1_500, 100, 200, 50, 8_000, 6, 3, 20, 100);
    final SimClock clock;
    final SimFaults faults;
    final Mutant mutant;
    final SimRegistry registry;
    private final TreeMap<String, SimHost> hosts = new TreeMap<>();
    private final List<SimFaults.PhaseKill> phaseKills;
    private final SimCheck check;
    private final List<String> trace;
    private final TreeMap<String, Integer> outcomes = new TreeMap<>();
    private int attempts;
    private boolean killing;

    SimWorld(long seed, SimFaults given, Mutant mutant, boolean traced) {
        Random random = new Random(seed);
        this.faults = given == null ? SimFaults.draw(random) : given;
        this.mutant = mutant;
        this.clock = new SimClock(random);
        this.registry = new SimRegistry(clock, faults, mutant);
        this.trace = traced ? new ArrayList<>() : null;
        this.phaseKills = new ArrayList<>(faults.phaseKills);
        NAMES.forEach(name -> hosts.put(name, new SimHost(this, name)));
        this.check = new SimCheck(this);
    }

    /** Runs the history to its end and returns what happened how often; throws {@link AssertionError} at a breach. */
    Map<String, Integer> run() {
        registry.put(Placement.key(VM), new Placement("A", 1).toJson());
        worker("A").machine = new SimMachine(MachineReport.Kind.RUNNING, null, 1);
        clock.after(1, this::migrate);
        for (SimFaults.TimedKill kill : faults.timedKills) {
            clock.after(kill.atMs(), () -> kill(hosts.get(NAMES.get(kill.host())), kill.victim()));
        }
        if (faults.cancelAtMs >= 0) {
            clock.after(faults.cancelAtMs, () -> hosts.values().forEach(SimHost::cancel));
        }
        clock.after(SimFaults.HEAL_MS, () -> hosts.values().forEach(SimHost::start));
        while (clock.step(END_MS)) {
            check.afterStep(killing);
            killing = false;
        }
        check.atEnd();
        return outcomes;
    }

    List<String> trace() {
        return trace;
    }

    void log(String line) {
        if (trace != null) {
            trace.add(clock.nowMs() + " " + line);
        }
    }

    Map<String, SimHost> hosts() {
        return hosts;
    }

    SimWorker worker(String host) {
        return hosts.get(host).worker;
    }

    Placement placement() {
        return registry.get(Placement.key(VM))
                .map(Entry::value)
                .map(json -> Placement.parse(VM, json))
                .orElseThrow();
    }

    Optional<MigrationRecord> record() {
        return registry.get(MigrationRecord.key(VM)).map(Entry::value).map(json -> MigrationRecord.parse(VM, json));
    }

    private boolean healed() {
        return clock.nowMs() >= SimFaults.HEAL_MS;
    }

    boolean workerFails() {
        return !healed() && clock.chance(faults.workerFailure);
    }

    boolean partitioned(String one, String other) {
        int a = NAMES.indexOf(one);
        int b = NAMES.indexOf(other);
        return faults.partitions.stream()
                .anyMatch(w -> clock.nowMs() >= w.fromMs()
                        && clock.nowMs() < w.toMs()
                        && ((w.host() == a && w.otherHost() == b) || (w.host() == b && w.otherHost() == a)));
    }

    /** Starts a migration where the VM lives, if it runs and nothing else is going on; tries again later. */
    private void migrate() {
        if (attempts >= faults.migrations || clock.nowMs() > SimFaults.HEAL_MS - 4_000) {
            return;
        }
        Placement placement = placement();
        SimHost host = hosts.get(placement.host());
        SimMachine machine = host.worker.machine;
        if (host.isUp()
                && !host.hasCore()
                && machine != null
                && machine.kind == MachineReport.Kind.RUNNING
                && machine.epoch == placement.epoch()) {
            attempts++;
            List<String> others =
                    NAMES.stream().filter(n -> !n.equals(host.name)).toList();
            String target = others.get((int) clock.between(0, others.size() - 1));
            host.begin(MigrationSourceCore.start(
                    new Attempt("m" + attempts, VM, host.name, target, placement.epoch()), "{}", limits));
        }
        clock.after(clock.between(50, 3_000), this::migrate);
    }

    void send(String from, String to, PeerMessage message) {
        int copies = !healed() && clock.chance(faults.duplicate) ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            if (!healed() && (clock.chance(faults.loss) || partitioned(from, to))) {
                log("lost " + message);
                continue;
            }
            clock.after(clock.between(0, faults.delayMs), () -> hosts.get(to).receive(message));
        }
    }

    void phaseEntered(SimHost host, MigrationCore core) {
        boolean source = core instanceof MigrationSourceCore;
        count((source ? "source " : "target ") + core.phase());
        for (SimFaults.PhaseKill kill : List.copyOf(phaseKills)) {
            if (kill.phase() == core.phase() && kill.source() == source && !healed()) {
                phaseKills.remove(kill);
                Attempt attempt = source
                        ? ((MigrationSourceCore) core).attempt().orElse(null)
                        : ((MigrationTargetCore) core).attempt();
                SimHost victim =
                        attempt == null ? host : hosts.get(kill.killSource() ? attempt.source() : attempt.target());
                clock.after(kill.delayMs(), () -> kill(victim, kill.victim()));
            }
        }
    }

    private void kill(SimHost host, SimFaults.Victim victim) {
        if (healed() || (!host.isUp() && victim == SimFaults.Victim.NODE)) {
            return;
        }
        killing = true;
        count("kill " + victim);
        host.kill(victim);
        clock.after(clock.between(50, 6_000), host::start);
    }

    void finished(SimHost host, Effect.Finished finished) {
        count("finished " + finished.outcome());
        log(host.name + " finished " + finished);
    }

    void count(String what) {
        outcomes.merge(what, 1, Integer::sum);
    }
}
