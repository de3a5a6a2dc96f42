package dev.stardust.ops.node;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stardust.chunk.shared.SharedDisks;
import dev.stardust.migration.actor.Migrations;
import dev.stardust.migration.worker.MigrationOps;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.disk.SharedMisses;
import dev.stardust.vm.worker.DeviceFault;
import dev.stardust.vm.worker.MachineInfo;
import dev.stardust.vm.worker.WorkersListener;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Passes on what workers tell to the actors there are at the moment: workers outlive actor systems. What comes before
 * there are any is not lost: the actors ask for the state of all machines when they start.
 */
final class MachineEvents implements WorkersListener {
    private volatile ActorRef<HostActor.Command> host;
    private volatile ActorRef<Migrations.Command> migrations;
    private volatile SharedDisks shared;

    /** Tells those of misses from now on. */
    void to(SharedDisks disks) {
        shared = disks;
    }

    void to(ActorRef<HostActor.Command> newHost, ActorRef<Migrations.Command> newMigrations) {
        host = newHost;
        migrations = newMigrations;
    }

    @Override
    public void machineChanged(MachineInfo machine) {
        ActorRef<HostActor.Command> to = host;
        if (to != null) {
            to.tell(new HostActor.MachineTold(machine));
        }
    }

    @Override
    public void machineLost(MachineInfo machine) {
        ActorRef<HostActor.Command> to = host;
        if (to != null) {
            to.tell(new HostActor.MachineTold(machine));
            migrations.tell(new Migrations.MachineLost(machine.vm(), machine.reason()));
        }
    }

    @Override
    public void deviceFaulted(DeviceFault fault) {
        ActorRef<HostActor.Command> to = host;
        if (to != null) {
            to.tell(new HostActor.DeviceFaulted(fault));
        }
    }

    @Override
    public void workerEvent(String workerId, String name, JsonNode body) {
        SharedDisks disks = shared;
        if (disks != null && name.equals(SharedMisses.EVENT)) {
            SharedMisses.pass(body, disks);
            return;
        }
        ActorRef<Migrations.Command> to = migrations;
        if (to != null && name.equals(MigrationOps.PAUSED_EVENT)) {
            to.tell(new Migrations.GuestPaused(body.path("vm").asText()));
        }
    }
}
