package dev.stardust.migration.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What goes wrong in one history, drawn from its seed. */
final class SimFaults {
    /** Nothing new goes wrong after this. */
    static final long HEAL_MS = 16_000;

    private static final List<MigrationPhase> AROUND_THE_COMMIT =
            List.of(MigrationPhase.FINAL, MigrationPhase.COMMITTING, MigrationPhase.RESUMING);

    /** What a kill takes down. */
    enum Victim {
        /** The node process; its workers live. */
        NODE,
        /** The node process and its workers. */
        HOST,
        /** A worker process; its node lives. */
        WORKER,
        /** The machine: as HOST, and what was not on stable storage is lost. */
        POWER
    }

    /** A kill, {@code delayMs} after a core on any host (or on that of one role) has entered the phase. */
    record PhaseKill(Victim victim, boolean source, boolean killSource, MigrationPhase phase, long delayMs) {}

    /** A kill at a time. */
    record TimedKill(Victim victim, int host, long atMs) {}

    /** A window in which the registry, or the link between two hosts, is dead. */
    record Window(int host, int otherHost, long fromMs, long toMs) {}

    double loss;
    double duplicate;
    long delayMs;
    double unknown;
    double workerFailure;
    boolean forgetful;
    int migrations = 1;
    long cancelAtMs = -1;
    final List<PhaseKill> phaseKills = new ArrayList<>();
    final List<TimedKill> timedKills = new ArrayList<>();
    final List<Window> stalls = new ArrayList<>();
    final List<Window> partitions = new ArrayList<>();

    static SimFaults none() {
        SimFaults faults = new SimFaults();
        faults.delayMs = 5;
        return faults;
    }

    static SimFaults draw(Random random) {
        SimFaults faults = new SimFaults();
        faults.loss = pick(random, 0, 0, 0.05, 0.3);
        faults.duplicate = pick(random, 0, 0.1, 0.3);
        faults.delayMs = (long) pick(random, 5, 40, 400);
        faults.unknown = pick(random, 0, 0.1, 0.4);
        faults.workerFailure = pick(random, 0, 0, 0.03, 0.15);
        faults.forgetful = random.nextInt(4) == 0;
        faults.migrations = 1 + random.nextInt(3);
        if (random.nextInt(5) == 0) {
            faults.cancelAtMs = random.nextInt(3_000);
        }
        List<MigrationPhase> phases = new ArrayList<>(List.of(MigrationPhase.values()));
        for (int i = 0; i < 4; i++) {
            phases.addAll(AROUND_THE_COMMIT);
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            faults.phaseKills.add(new PhaseKill(
                    victim(random),
                    random.nextBoolean(),
                    random.nextBoolean(),
                    phases.get(random.nextInt(phases.size())),
                    random.nextInt(3) == 0 ? random.nextInt(200) : random.nextInt(30)));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            faults.timedKills.add(new TimedKill(victim(random), random.nextInt(3), random.nextInt(8_000)));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            faults.stalls.add(window(random, 0, 0));
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            faults.partitions.add(window(random, random.nextInt(3), random.nextInt(3)));
        }
        return faults;
    }

    private static Victim victim(Random random) {
        return Victim.values()[random.nextInt(Victim.values().length)];
    }

    private static Window window(Random random, int host, int other) {
        long from = random.nextInt(6_000);
        return new Window(host, other, from, from + 100 + random.nextInt(5_000));
    }

    private static double pick(Random random, double... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
