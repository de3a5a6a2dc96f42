package dev.stardust.scheduler.actor;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.vm.spec.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntFunction;

/** The volumes of a deployment's VMs. Pure. */
final class VolumePlan {
    private final Map<String, VolumeEntry> there;
    private final Map<String, Integer> sizesMib = new TreeMap<>();
    private final List<VmEntry> vms = new ArrayList<>();

    /**
     * Plans.
     *
     * @param there the volumes that there are
     * @throws ClusterException CONFLICT when a VM wants another size than a volume has
     */
    VolumePlan(Map<String, VolumeEntry> there, List<VmEntry> wanted) {
        this.there = there;
        there.forEach((name, volume) -> sizesMib.put(name, volume.sizeMib()));
        wanted.forEach(this::takeSizes);
        wanted.forEach(vm -> vms.add(sized(vm)));
    }

    private void takeSizes(VmEntry vm) {
        for (VolumeMount volume : vm.spec().extras().volumes()) {
            int wanted = volume.sizeMib();
            if (wanted == 0) {
                continue;
            }
            int has = sizesMib.computeIfAbsent(volume.name(), name -> wanted);
            if (has != wanted) {
                throw new ClusterException(
                        ErrorCode.CONFLICT,
                        "VM " + vm.spec().name() + " wants volume " + volume.name() + " with " + wanted
                                + " MiB, but that has " + has + ": leave its size out");
            }
        }
    }

    private VmEntry sized(VmEntry vm) {
        List<VolumeMount> sized = vm.spec().extras().volumes().stream()
                .map(volume -> volume.sized(sizeMib(volume.name())))
                .toList();
        return new VmEntry(vm.spec().withVolumes(sized), vm.deployment(), vm.host());
    }

    private int sizeMib(String volume) {
        return sizesMib.getOrDefault(volume, VolumeMount.DEFAULT_SIZE_MIB);
    }

    /** The VMs, whose volumes say how large they are. */
    List<VmEntry> vms() {
        return vms;
    }

    /** The volumes that there are. */
    Map<String, VolumeEntry> there() {
        return there;
    }

    /**
     * The volumes of the VMs as they are, or are to be made.
     *
     * @param hostOf gives the id of the host that the VM of that index goes to
     */
    Map<String, VolumeEntry> used(IntFunction<String> hostOf) {
        Map<String, VolumeEntry> used = new TreeMap<>();
        for (int i = 0; i < vms.size(); i++) {
            for (VolumeMount volume : vms.get(i).spec().extras().volumes()) {
                VolumeEntry made = new VolumeEntry(hostOf.apply(i), volume.sizeMib());
                used.putIfAbsent(volume.name(), there.getOrDefault(volume.name(), made));
            }
        }
        return used;
    }
}
