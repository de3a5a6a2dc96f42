package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Entry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A node process: hosts at most one core, as the actors do, by {@link MigrationRouting}. */
final class SimHost {
    private static final long SWEEP_MS = 1_000;

    final String name;
    final SimWorker worker;
    private final SimWorld world;
    private final Map<String, Integer> timers = new HashMap<>();
    private boolean up = true;
    private int life;
    private MigrationCore core;

    SimHost(SimWorld world, String name) {
        this.world = world;
        this.name = name;
        this.worker = new SimWorker(world, name);
        sweepLater();
    }

    boolean isUp() {
        return up;
    }

    boolean hasCore() {
        return core != null;
    }

    void kill(SimFaults.Victim victim) {
        world.log(name + " killed: " + victim);
        if (victim == SimFaults.Victim.POWER) {
            worker.cutPower();
        } else if (victim != SimFaults.Victim.NODE) {
            worker.kill();
        }
        if (victim == SimFaults.Victim.WORKER) {
            Consumer<Event> teller = toThisCore();
            world.clock.after(world.clock.between(1, 100), () -> teller.accept(new Event.WorkerLost("worker died")));
        } else {
            up = false;
            life++;
            core = null;
        }
    }

    void start() {
        if (!up) {
            world.log(name + " started");
            up = true;
            sweep();
            sweepLater();
        }
    }

    private void sweepLater() {
        int at = life;
        world.clock.after(SWEEP_MS, () -> {
            if (at == life && up) {
                sweep();
                sweepLater();
            }
        });
    }

    private void sweep() {
        MachineReport local = worker.report("");
        switch (MigrationRouting.recovery(
                name,
                world.registry
                        .get(MigrationRecord.key(SimWorld.VM))
                        .map(Entry::value)
                        .map(json -> MigrationRecord.parse(SimWorld.VM, json)),
                local,
                hasCore())) {
            case SOURCE -> begin(MigrationSourceCore.recover(name, SimWorld.VM, world.limits));
            case TARGET -> begin(MigrationTargetCore.recover(local.attempt().orElseThrow(), world.limits));
            case NONE -> {}
        }
    }

    void begin(MigrationCore next) {
        core = next;
        timers.clear();
        world.log(name + " begins " + next.getClass().getSimpleName() + " " + next.phase());
        deliver(new Event.Start());
    }

    void cancel() {
        if (up && core != null) {
            deliver(new Event.Cancel("the user said so"));
        }
    }

    void receive(PeerMessage message) {
        if (!up) {
            return;
        }
        switch (MigrationRouting.route(message, hasCore())) {
            case TO_CORE -> deliver(new Event.Peer(message));
            case NEW_TARGET -> {
                begin(MigrationTargetCore.start((PeerMessage.Offer) message, world.limits));
            }
            case RECOVER_TARGET -> begin(MigrationTargetCore.recover(message.attempt(), world.limits));
            case DROP -> {}
        }
    }

    private void deliver(Event given) {
        MigrationCore to = core;
        Event event = world.mutant.event(to, given);
        MigrationPhase before = to.phase();
        List<Effect> effects = world.mutant.effects(to, event, to.on(event));
        world.log(name + " " + before + " <- " + event);
        if (to.phase() != before) {
            world.phaseEntered(this, to);
        }
        for (Effect effect : effects) {
            world.log(name + "    -> " + effect);
            perform(effect);
        }
    }

    /** Brings answers to the core that asked, if its process and it still live. */
    private Consumer<Event> toThisCore() {
        MigrationCore asker = core;
        return event -> {
            if (asker != null && core == asker) {
                deliver(event);
            }
        };
    }

    private void perform(Effect effect) {
        if (effect instanceof Effect.CommitTxn e) {
            world.registry.commit(e.txn(), toThisCore());
        } else if (effect instanceof Effect.ReadRegistry e) {
            world.registry.read(e, toThisCore());
        } else if (effect instanceof Effect.Tell e) {
            world.send(name, e.host(), e.message());
        } else if (effect instanceof Effect.Worker e) {
            worker.run(e.command(), toThisCore());
        } else if (effect instanceof Effect.SetTimer e) {
            int generation = timers.merge(e.name(), 1, Integer::sum);
            Consumer<Event> teller = toThisCore();
            world.clock.after(e.delayMs(), () -> {
                if (timers.getOrDefault(e.name(), 0) == generation) {
                    teller.accept(new Event.Timer(e.name()));
                }
            });
        } else if (effect instanceof Effect.Finished e) {
            core = null;
            world.finished(this, e);
        }
    }
}
