package dev.stardust.scheduler.actor;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Compare;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.scheduler.placement.Decision;
import dev.stardust.scheduler.placement.Demand;
import dev.stardust.scheduler.placement.Placer;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.Placement;
import dev.stardust.vm.spec.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What a deployment asks of the registry and of the hosts. Pure: the same picture gives the same plan. */
final class DeploymentPlan {
    /** The epoch of a VM's first placement. */
    static final long FIRST_EPOCH = 1;

    private final String deployment;
    private final List<VmEntry> vms;
    private final List<Decision.Placed> places;
    private final VolumePlan volumes;

    private DeploymentPlan(String deployment, List<Decision.Placed> places, VolumePlan volumes) {
        this.deployment = deployment;
        this.vms = volumes.vms();
        this.places = places;
        this.volumes = volumes;
    }

    /**
     * Plans all VMs of a deployment or none.
     *
     * @throws ClusterException CONFLICT when a name is taken, or a volume has another size, REFUSED when a VM fits nowhere
     */
    static DeploymentPlan of(ClusterPicture picture, String deployment, List<VmEntry> vms) {
        for (VmEntry vm : vms) {
            if (picture.vms().containsKey(vm.spec().name())) {
                throw new ClusterException(
                        ErrorCode.CONFLICT,
                        "there is a VM " + vm.spec().name() + " already: remove it by 'stardust rm "
                                + vm.spec().name() + "' or choose another name");
            }
        }
        VolumePlan volumes = new VolumePlan(picture.volumes(), vms);
        List<Demand> demands = volumes.vms().stream()
                .map(vm -> new Demand(
                        vm.spec().name(),
                        vm.spec().memoryMib(),
                        vm.host(),
                        vm.spec().needs(),
                        vm.group(),
                        vm.spec().extras().volumes().stream()
                                .map(VolumeMount::name)
                                .collect(Collectors.toSet())))
                .toList();
        List<Decision> decisions = Placer.place(picture.hostViews(), demands);
        String refusals = decisions.stream()
                .filter(Decision.Refused.class::isInstance)
                .map(d -> ((Decision.Refused) d).message())
                .collect(Collectors.joining("\n"));
        if (!refusals.isEmpty()) {
            throw new ClusterException(ErrorCode.REFUSED, refusals);
        }
        return new DeploymentPlan(
                deployment, decisions.stream().map(Decision.Placed.class::cast).toList(), volumes);
    }

    /** The one transaction that makes it so: only while this leader leads, and only if no name was taken meanwhile. */
    Txn txn(String requestId, long term) {
        List<Compare> when = new ArrayList<>();
        List<Op> then = new ArrayList<>();
        when.add(new Compare.InTerm(term));
        for (int i = 0; i < vms.size(); i++) {
            String name = vms.get(i).spec().name();
            when.add(new Compare.Absent(VmEntry.PREFIX + name));
            then.add(new Op.Put(VmEntry.PREFIX + name, Json.write(vms.get(i))));
            then.add(new Op.Put(Placement.key(name), new Placement(places.get(i).hostId(), FIRST_EPOCH).toJson()));
        }
        // A volume that is made stays, also when the VMs are taken back.
        volumes.used(this::hostOf).forEach((name, volume) -> {
            String key = VolumeEntry.PREFIX + name;
            VolumeEntry there = volumes.there().get(name);
            when.add(there == null ? new Compare.Absent(key) : new Compare.HasValue(key, Json.write(there)));
            then.add(new Op.Put(key, Json.write(volume)));
        });
        if (!deployment.isEmpty()) {
            when.add(new Compare.Absent("deployments/" + deployment));
            then.add(new Op.Put("deployments/" + deployment, "{\"vms\":" + vms.size() + "}"));
        }
        return new Txn(requestId, when, then);
    }

    /** What takes it all back, after a VM of it could not be started. */
    Txn undo(String requestId) {
        List<Op> ops = new ArrayList<>();
        for (VmEntry vm : vms) {
            ops.add(new Op.Delete(VmEntry.PREFIX + vm.spec().name()));
            ops.add(new Op.Delete(Placement.key(vm.spec().name())));
        }
        if (!deployment.isEmpty()) {
            ops.add(new Op.Delete("deployments/" + deployment));
        }
        return new Txn(requestId, List.of(), ops);
    }

    List<VmEntry> vms() {
        return vms;
    }

    String hostOf(int index) {
        return places.get(index).hostId();
    }
}
