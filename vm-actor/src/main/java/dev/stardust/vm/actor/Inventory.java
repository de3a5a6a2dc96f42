package dev.stardust.vm.actor;

import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.vm.worker.MachineInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * What a node that was started finds, compared with what the registry says: which VMs it takes up, which it ends. Pure.
 */
public final class Inventory {
    static final String DIED = "its worker process died while the node was down";

    private Inventory() {}

    /** What to do with one VM. */
    public sealed interface Step {
        /** Take it up in this state; {@code machine} tells whether a worker has its machine. */
        record TakeUp(VmRecord record, VmState state, boolean machine) implements Step {}

        /** It has no right to be here: end its machine, if there is one, and delete its files. */
        record Discard(String vm) implements Step {}
    }

    /**
     * Plans.
     *
     * @param self this host's id
     * @param records what {@code records/NAME/vm.json} say
     * @param machines what the workers hold
     * @param placements what the registry says, read linearizably: nothing may be ended on old news
     * @param specs the specs of the VMs that are placed here
     */
    public static List<Step> plan(
            String self,
            Map<String, VmRecord> records,
            Map<String, MachineInfo> machines,
            Map<String, Placement> placements,
            Map<String, ResolvedSpec> specs) {
        TreeSet<String> names = new TreeSet<>(records.keySet());
        names.addAll(machines.keySet());
        placements.forEach((vm, placement) -> {
            if (placement.host().equals(self)) {
                names.add(vm);
            }
        });
        List<Step> steps = new ArrayList<>();
        for (String vm : names) {
            Placement placement = placements.get(vm);
            boolean here = placement != null && placement.host().equals(self);
            VmRecord record = records.get(vm);
            MachineInfo machine = machines.get(vm);
            if (machine != null) {
                steps.add(withMachine(vm, record, machine, here ? placement : null));
            } else if (record != null) {
                steps.add(withoutMachine(record, here ? placement : null));
            } else {
                steps.add(new Step.TakeUp(
                        VmRecord.of(vm, specs.get(vm), placement.epoch(), VmState.FAILED, "it was never started here"),
                        VmState.FAILED,
                        false));
            }
        }
        return steps;
    }

    private static Step withMachine(String vm, VmRecord record, MachineInfo machine, Placement here) {
        if (record == null) {
            return new Step.Discard(vm);
        }
        // In flight: the migration's recovery decides, by what became of the attempt.
        if (MigrationTag.isOutgoing(machine.tag())) {
            return new Step.TakeUp(record, VmState.OUTGOING, true);
        }
        if (MigrationTag.isIncoming(machine.tag())) {
            return new Step.TakeUp(record, VmState.INCOMING, true);
        }
        if (here == null || here.epoch() != machine.epoch()) {
            return new Step.Discard(vm);
        }
        VmRecord now = record.at(here.epoch());
        if (machine.phase() == Phase.ENDED) {
            return new Step.TakeUp(now.in(VmState.ENDED, machine.reason()), VmState.ENDED, true);
        }
        if (machine.phase() == Phase.FAILED) {
            return new Step.TakeUp(now.in(VmState.FAILED, machine.reason()), VmState.FAILED, true);
        }
        return new Step.TakeUp(now.in(VmState.RUNNING, ""), VmState.RUNNING, true);
    }

    private static Step withoutMachine(VmRecord record, Placement here) {
        if (here == null) {
            return new Step.Discard(record.name());
        }
        VmRecord now = record.at(here.epoch());
        return switch (record.state()) {
            case STOPPED, ENDED, FAILED -> new Step.TakeUp(now, record.state(), false);
            case STOPPING -> new Step.TakeUp(now.in(VmState.STOPPED, ""), VmState.STOPPED, false);
            // Committed to here, never started: the migration's recovery tells the source that it is gone.
            case INCOMING -> new Step.TakeUp(record, VmState.INCOMING, false);
            case STARTING, RUNNING, OUTGOING, GONE ->
                new Step.TakeUp(now.in(VmState.FAILED, DIED), VmState.FAILED, false);
        };
    }
}
