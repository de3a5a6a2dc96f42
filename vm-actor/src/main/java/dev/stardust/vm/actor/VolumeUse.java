package dev.stardust.vm.actor;

import dev.stardust.vm.spec.VolumeMount;
import java.util.List;
import java.util.Set;

/**
 * The volumes of a VM of this host, and whether its guest may run with them now. Who uses a volume follows from the VMs that
 * there are: nothing is written down that could be wrong after a crash.
 *
 * @param vm the VM's name
 * @param state label of its state
 */
record VolumeUse(String vm, String state, List<VolumeMount> volumes) {
    /** The states in which no machine has the disks, or is about to. */
    private static final Set<String> AT_REST =
            Set.of(VmState.STOPPED.label(), VmState.ENDED.label(), VmState.FAILED.label(), VmState.GONE.label());

    /**
     * Why a VM cannot have these volumes now, for the user; empty if it can. One VM at a time writes to a volume, and none
     * reads it meanwhile; any number may read it.
     */
    static String inTheWay(String vm, List<VolumeMount> wanted, List<VolumeUse> uses) {
        for (VolumeUse use : uses) {
            if (use.vm().equals(vm) || AT_REST.contains(use.state())) {
                continue;
            }
            for (VolumeMount has : use.volumes()) {
                for (VolumeMount wants : wanted) {
                    if (has.name().equals(wants.name()) && !(has.readOnly() && wants.readOnly())) {
                        return "volume " + has.name() + " is in use: VM " + use.vm()
                                + (has.readOnly() ? " reads it" : " writes to it") + "; stop that VM first"
                                + (has.readOnly() ? ", or mount it :ro here too" : "");
                    }
                }
            }
        }
        return "";
    }

    /** The VMs that have a volume, running or not. */
    static List<String> of(String volume, List<VolumeUse> uses) {
        return uses.stream()
                .filter(use -> use.volumes().stream().anyMatch(has -> has.name().equals(volume)))
                .map(VolumeUse::vm)
                .toList();
    }
}
