package dev.stardust.ops.node;

import dev.stardust.chunk.actor.ChunkShards;
import dev.stardust.migration.actor.Migrations;
import dev.stardust.scheduler.actor.Scheduler;
import dev.stardust.vm.actor.HostActor;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * The top of a node's actors. It is made anew whenever the actor system is, and then takes the machines up again that
 * run in the workers.
 */
final class NodeGuardian {
    /** It has nothing to be told. */
    enum Command {}

    private NodeGuardian() {}

    static Behavior<Command> create(Member member) {
        return Behaviors.setup(context -> {
            context.spawn(member.chunks().behavior(), ChunkShards.NAME);
            ActorRef<HostActor.Command> host = context.spawn(member.hostBehavior(), HostActor.NAME);
            ActorRef<Migrations.Command> migrations = context.spawn(member.migrationsBehavior(host), Migrations.NAME);
            context.spawn(member.schedulerBehavior(), Scheduler.NAME);
            member.machineEvents().to(host, migrations);
            member.inventory().whenComplete((steps, failure) -> {
                if (failure == null) {
                    host.tell(new HostActor.TakeUp(steps));
                }
            });
            return Behaviors.empty();
        });
    }
}
