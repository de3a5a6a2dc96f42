package dev.stardust.migration.core;

import dev.stardust.migration.core.MachineReport.Kind;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The worker processes of one host and its files: they outlive its node process. */
final class SimWorker {
    private final SimWorld world;
    private final String host;

    /** The host's files: attempts whose guest was started here. */
    private final Set<String> started = new HashSet<>();

    /** Those of {@code started} that are not yet on stable storage. */
    private final Set<String> unsynced = new HashSet<>();

    /** Those of {@code started} that a power cut made so: nobody knows whether they were. */
    private final Set<String> assumed = new HashSet<>();

    SimMachine machine;
    private int life;
    private int operation;
    private int roundsSent;
    private int sessions;
    private Runnable onFinal = () -> {};
    private Consumer<String> onBroken = reason -> {};

    SimWorker(SimWorld world, String host) {
        this.world = world;
        this.host = host;
    }

    boolean hasStarted(Attempt attempt) {
        return started.contains(attempt.id());
    }

    /** Whether a power cut took a copy that had not run, and the rules must take it for started. */
    boolean assumesStarted(Attempt attempt) {
        return assumed.contains(attempt.id());
    }

    void kill() {
        life++;
        operation++;
        machine = null;
        onFinal = () -> {};
        onBroken = reason -> {};
    }

    /**
     * Marks of started guests that were not synced are lost. The record of a guest on its way in is on stable storage
     * and of another boot now: it counts as started.
     */
    void cutPower() {
        if (world.mutant.trustsOlderBoots()) {
            started.removeAll(unsynced);
        } else if (machine != null && (machine.kind == Kind.INCOMING || machine.kind == Kind.HELD)) {
            started.add(machine.tag.id());
            assumed.add(machine.tag.id());
        }
        unsynced.clear();
        kill();
    }

    MachineReport report(String attemptId) {
        if (machine == null) {
            return new MachineReport(started.contains(attemptId) ? Kind.STARTED_AND_GONE : Kind.NONE, Optional.empty());
        }
        return new MachineReport(machine.kind, Optional.ofNullable(machine.tag));
    }

    /** Does a command; {@code answer} drops what comes for a dead node process. */
    void run(WorkerCommand command, Consumer<Event> answer) {
        if (!(command instanceof WorkerCommand.Inspect)) {
            operation++;
            onFinal = () -> {};
            onBroken = reason -> {};
        }
        Consumer<String> fail = reason -> answer.accept(new Event.WorkerFailed(command, reason));
        Runnable ok = () -> answer.accept(new Event.WorkerDone(command, new WorkerResult.Ok()));
        if (world.workerFails()) {
            later(1, 30, () -> fail.accept("a fault of the simulation"));
        } else if (command instanceof WorkerCommand.Inspect c) {
            int at = life;
            world.clock.after(world.clock.between(1, 8), () -> {
                if (at == life) {
                    answer.accept(new Event.WorkerDone(c, new WorkerResult.Report(report(c.attemptId()))));
                }
            });
        } else if (command instanceof WorkerCommand.StartSend c) {
            later(1, 20, () -> startSend(c, ok, fail));
        } else if (command instanceof WorkerCommand.Round c) {
            later(5, 120, () -> round(c, answer, fail));
        } else if (command instanceof WorkerCommand.PauseAndFinal c) {
            later(1, 10, () -> pauseAndFinal(c, answer, ok, fail));
        } else if (command instanceof WorkerCommand.ResumeSource c) {
            later(1, 20, () -> resumeSource(c, ok, fail));
        } else if (command instanceof WorkerCommand.DiscardSource c) {
            later(1, 20, () -> {
                if (machine != null && machine.kind == Kind.PAUSED && machine.taggedBy(c.attempt())) {
                    machine = null;
                }
                ok.run();
            });
        } else if (command instanceof WorkerCommand.PrepareIncoming c) {
            later(5, 300, () -> prepare(c, answer, fail));
        } else if (command instanceof WorkerCommand.ReceiveAndHold c) {
            receive(c, ok, fail);
        } else if (command instanceof WorkerCommand.ResumeTarget c) {
            later(0, 40, () -> resumeTarget(c, ok, fail));
        } else if (command instanceof WorkerCommand.DiscardIncoming c) {
            later(1, 20, () -> {
                if (machine != null
                        && machine.taggedBy(c.attempt())
                        && (machine.kind == Kind.INCOMING || machine.kind == Kind.HELD)) {
                    machine = null;
                }
                ok.run();
            });
        }
    }

    /** Does the next part of the running command, unless another has superseded it or the worker died. */
    private void later(long least, long most, Runnable part) {
        int at = operation;
        world.clock.after(world.clock.between(least, most), () -> {
            if (at == operation) {
                part.run();
            }
        });
    }

    private void startSend(WorkerCommand.StartSend c, Runnable ok, Consumer<String> fail) {
        if (machine == null || machine.kind != Kind.RUNNING) {
            fail.accept("no running machine");
            return;
        }
        machine.tag = c.attempt();
        machine.session = c.session();
        roundsSent = 0;
        ok.run();
    }

    private void round(WorkerCommand.Round c, Consumer<Event> answer, Consumer<String> fail) {
        Optional<SimMachine> incoming = incoming(c.attempt());
        if (incoming.isEmpty() || world.partitioned(host, c.attempt().target())) {
            fail.accept("the stream broke");
            return;
        }
        incoming.get().rounds++;
        roundsSent++;
        long dirty = Math.max(0, world.clock.between(0, 4_000) - 500L * roundsSent);
        answer.accept(new Event.WorkerDone(
                c,
                new WorkerResult.Round(
                        new RoundStats(c.round(), 1_000, 1_000, 0, 0, 0, 0, 0, 4_096_000, 40_000, dirty))));
    }

    private void pauseAndFinal(
            WorkerCommand.PauseAndFinal c, Consumer<Event> answer, Runnable ok, Consumer<String> fail) {
        if (machine == null || machine.kind != Kind.RUNNING) {
            fail.accept("no running machine");
            return;
        }
        machine.kind = Kind.PAUSED;
        answer.accept(new Event.GuestPaused());
        later(1, 60, () -> {
            Optional<SimMachine> incoming = incoming(c.attempt());
            if (incoming.isEmpty()
                    || incoming.get().rounds != roundsSent
                    || world.partitioned(host, c.attempt().target())) {
                fail.accept("the stream broke");
                return;
            }
            incoming.get().version = machine.version;
            incoming.get().finalCame = true;
            world.worker(c.attempt().target()).onFinal.run();
            // All bytes may have come though the sender never learns it.
            later(0, 30, () -> {
                if (world.workerFails()) {
                    fail.accept("the last acknowledgement was lost");
                } else {
                    ok.run();
                }
            });
        });
    }

    private Optional<SimMachine> incoming(Attempt attempt) {
        SimMachine there = world.worker(attempt.target()).machine;
        boolean connected = there != null
                && there.kind == Kind.INCOMING
                && there.taggedBy(attempt)
                && machine != null
                && there.session.equals(machine.session)
                && !there.broken;
        if (connected && world.workerFails()) {
            there.broken = true;
            world.worker(attempt.target()).onBroken.accept("the stream broke");
            return Optional.empty();
        }
        return connected ? Optional.of(there) : Optional.empty();
    }

    private void resumeSource(WorkerCommand.ResumeSource c, Runnable ok, Consumer<String> fail) {
        if (machine == null || (machine.kind != Kind.PAUSED && machine.kind != Kind.RUNNING)) {
            fail.accept("no machine to resume");
            return;
        }
        machine.kind = Kind.RUNNING;
        machine.tag = null;
        machine.epoch = c.epoch();
        ok.run();
    }

    private void prepare(WorkerCommand.PrepareIncoming c, Consumer<Event> answer, Consumer<String> fail) {
        if (machine != null) {
            fail.accept("this host holds a copy of the VM");
            return;
        }
        machine = new SimMachine(Kind.INCOMING, c.attempt(), c.attempt().epoch() + 1);
        machine.session = host + "/" + life + "/" + ++sessions;
        answer.accept(new Event.WorkerDone(c, new WorkerResult.Session(machine.session)));
    }

    private void receive(WorkerCommand.ReceiveAndHold c, Runnable ok, Consumer<String> fail) {
        SimMachine receiving = machine;
        if (receiving == null || receiving.kind != Kind.INCOMING || !receiving.taggedBy(c.attempt())) {
            later(1, 5, () -> fail.accept("no incoming machine"));
            return;
        }
        onBroken = reason -> later(1, 50, () -> fail.accept(reason));
        onFinal = () -> later(1, 40, () -> {
            receiving.kind = Kind.HELD;
            ok.run();
        });
        if (receiving.finalCame) {
            onFinal.run();
        }
    }

    private void resumeTarget(WorkerCommand.ResumeTarget c, Runnable ok, Consumer<String> fail) {
        boolean runs = machine != null && machine.kind == Kind.RUNNING && machine.epoch == c.epoch();
        boolean held = machine != null
                && machine.taggedBy(c.attempt())
                && (machine.kind == Kind.HELD || machine.kind == Kind.INCOMING);
        if (runs) {
            ok.run();
        } else if (!held) {
            fail.accept("no held machine");
        } else {
            if (!world.mutant.forgetsStarts()) {
                String id = c.attempt().id();
                started.add(id);
                unsynced.add(id);
                world.clock.after(world.clock.between(5, 100), () -> unsynced.remove(id));
            }
            later(0, 5, () -> {
                machine.kind = Kind.RUNNING;
                machine.epoch = c.epoch();
                later(0, 20, ok);
            });
        }
    }
}
