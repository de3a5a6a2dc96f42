package dev.stardust.ops.node;

import dev.stardust.chunk.actor.ChunkMessages;
import dev.stardust.cluster.protocol.WireTypes;
import dev.stardust.migration.actor.MigrationProgress;
import dev.stardust.migration.actor.Migrations;
import dev.stardust.migration.actor.PeerWire;
import dev.stardust.scheduler.actor.Scheduler;
import dev.stardust.vm.actor.BaseSaver;
import dev.stardust.vm.actor.ConsolePart;
import dev.stardust.vm.actor.CopyPart;
import dev.stardust.vm.actor.DeviceReports;
import dev.stardust.vm.actor.GuestPart;
import dev.stardust.vm.actor.HostActor;
import dev.stardust.vm.actor.LogPart;
import dev.stardust.vm.actor.VmReply;

/** Every message that crosses from node to node, by its stable id. An id is never given to something else. */
final class NodeWireTypes {
    private NodeWireTypes() {}

    static WireTypes all() {
        WireTypes types = new WireTypes();
        ChunkMessages.register(types);
        return types.register("host.start-vm", 1, HostActor.StartVm.class)
                .register("host.act", 1, HostActor.Act.class)
                .register("host.delete-volume", 1, HostActor.DeleteVolume.class)
                .register("host.describe", 1, HostActor.Describe.class)
                .register("host.report", 1, HostActor.HostReport.class)
                .register("host.read-log", 1, HostActor.ReadLog.class)
                .register("host.log-part", 1, LogPart.class)
                .register("host.at-console", 1, HostActor.AtConsole.class)
                .register("host.console-part", 1, ConsolePart.class)
                .register("host.begin-in-guest", 1, HostActor.BeginInGuest.class)
                .register("host.at-guest", 1, HostActor.AtGuest.class)
                .register("host.guest-part", 1, GuestPart.class)
                .register("host.begin-copy", 1, HostActor.BeginCopy.class)
                .register("host.at-copy", 1, HostActor.AtCopy.class)
                .register("host.copy-part", 1, CopyPart.class)
                .register("host.look-at-devices", 1, HostActor.LookAtDevices.class)
                .register("host.devices", 1, DeviceReports.class)
                .register("host.set-balloon", 1, HostActor.SetBalloon.class)
                .register("host.save-base", 1, HostActor.SaveBase.class)
                .register("host.base-saved", 1, BaseSaver.Saved.class)
                .register("host.vm-reply", 1, VmReply.class)
                .register("scheduler.deploy", 1, Scheduler.Deploy.class)
                .register("scheduler.deployed", 1, Scheduler.Deployed.class)
                .register("migration.migrate", 1, Migrations.Migrate.class)
                .register("migration.answer", 1, Migrations.Answer.class)
                .register("migration.get-progress", 1, Migrations.GetProgress.class)
                .register("migration.progress", 1, MigrationProgress.class)
                .register("migration.peer", 1, PeerWire.class);
    }
}
