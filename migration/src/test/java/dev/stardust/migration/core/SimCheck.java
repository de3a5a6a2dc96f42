package dev.stardust.migration.core;

import dev.stardust.migration.core.MachineReport.Kind;
import dev.stardust.vm.actor.Placement;
import java.util.List;
import java.util.Optional;

/** What must hold at every step and at the end. It looks at the copies and the registry, never into a core. */
final class SimCheck {
    private final SimWorld world;

    /** How far the guest has come, wherever it ran. */
    private long version;

    private boolean alive = true;

    SimCheck(SimWorld world) {
        this.world = world;
    }

    /**
     * Lets a running guest work a little and checks.
     *
     * @param killed whether the step was a kill, which alone may lose the VM
     */
    void afterStep(boolean killed) {
        List<SimMachine> running = copies(Kind.RUNNING);
        require(running.size() <= 1, "more than one guest runs");
        if (!running.isEmpty()) {
            SimMachine machine = running.get(0);
            require(
                    machine.version == version,
                    "a guest runs on memory of version " + machine.version + " though it had come to " + version);
            machine.version = ++version;
        }
        boolean recoverable = recoverable();
        require(
                recoverable || !alive || killed || lostByPower(),
                "the last copy of the guest that may run was destroyed");
        alive = recoverable;
    }

    void atEnd() {
        Placement placement = world.placement();
        require(
                world.record().stream().noneMatch(r -> r.state() == MigrationRecord.State.OPEN),
                "the attempt is still open");
        for (SimHost host : world.hosts().values()) {
            require(!host.hasCore(), "a core on " + host.name + " never ends");
            SimMachine machine = host.worker.machine;
            if (machine != null) {
                require(
                        host.name.equals(placement.host()) && machine.kind == Kind.RUNNING,
                        "left behind on " + host.name + ": " + machine);
                require(
                        machine.epoch == placement.epoch() && machine.version == version,
                        "wrong epoch or memory: " + machine);
            }
        }
        boolean runs = !copies(Kind.RUNNING).isEmpty();
        require(runs == alive, alive ? "the guest could run and does not" : "the guest is lost and runs");
        world.count(runs ? "end running" : "end lost");
    }

    private List<SimMachine> copies(Kind kind) {
        return world.hosts().values().stream()
                .map(host -> host.worker.machine)
                .filter(machine -> machine != null && machine.kind == kind)
                .toList();
    }

    /** Whether a complete copy is left that the rules let run, now or later. */
    private boolean recoverable() {
        Placement placement = world.placement();
        SimMachine owned = world.worker(placement.host()).machine;
        if (owned != null && owned.kind != Kind.INCOMING && owned.version == version) {
            return true;
        }
        Optional<Attempt> committed = committed();
        if (committed.isEmpty() || world.worker(committed.get().target()).hasStarted(committed.get())) {
            return false;
        }
        SimMachine kept = world.worker(committed.get().source()).machine;
        return kept != null && kept.kind == Kind.PAUSED && kept.version == version;
    }

    /** The commit was on its way when the power of the target's machine was cut (ADR 4). */
    private boolean lostByPower() {
        return committed()
                .filter(a -> world.worker(a.target()).assumesStarted(a))
                .isPresent();
    }

    private Optional<Attempt> committed() {
        return world.record()
                .filter(r -> r.state() == MigrationRecord.State.COMMITTED)
                .map(MigrationRecord::attempt)
                .filter(a -> world.placement().equals(new Placement(a.target(), a.epoch() + 1)));
    }

    private void require(boolean holds, String breach) {
        if (!holds) {
            throw new AssertionError(world.clock.nowMs() + " ms: " + breach);
        }
    }
}
