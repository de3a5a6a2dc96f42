package dev.stardust.scheduler.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.membership.HostAddress;
import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.cluster.registry.Entry;
import dev.stardust.cluster.registry.Op;
import dev.stardust.cluster.registry.Registry.LeaseView;
import dev.stardust.cluster.registry.RegistryState;
import dev.stardust.cluster.registry.Txn;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.actor.ResolvedSpec;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.spec.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DeploymentPlanTest {
    private static final long TERM = 7;

    private static VmEntry vm(String name, int memoryMib) {
        return new VmEntry(
                new ResolvedSpec(
                        name,
                        memoryMib,
                        Cpus.ONE,
                        Boot.TEST_GUEST,
                        List.of(),
                        List.of(),
                        Extras.NONE,
                        null,
                        null,
                        null,
                        false,
                        "d/web"),
                "d",
                "");
    }

    private static ClusterPicture picture(RegistryState state, String... hosts) {
        List<Entry> entries = new ArrayList<>(state.under(""));
        List<LeaseView> leases = new ArrayList<>();
        for (String host : hosts) {
            HostEntry entry = new HostEntry(host, HostAddress.ofPortBase("127.0.0.1", 7700), 1024, 2, null);
            entries.add(new Entry("hosts/" + host, Json.write(entry), 1, 1, ""));
            leases.add(new LeaseView(HostEntry.lease(host), 1000, 1));
        }
        return ClusterPicture.of(entries, leases);
    }

    @Test
    void theTransactionPlacesAllVmsAndIsSeenInTheNextPicture() {
        DeploymentPlan plan =
                DeploymentPlan.of(picture(RegistryState.EMPTY, "a", "b"), "d", List.of(vm("x", 256), vm("y", 256)));
        RegistryState.Applied applied = RegistryState.EMPTY.apply(TERM, 1, plan.txn("r1", TERM));
        assertTrue(applied.result().applied());
        ClusterPicture after = picture(applied.state(), "a", "b");
        assertEquals(2, after.vms().size());
        assertEquals(
                List.of(256, 256),
                after.hostViews().stream().map(h -> h.usedMib()).toList());
    }

    @Test
    void aDecisionOfAnOlderTermDoesNotApply() {
        DeploymentPlan plan = DeploymentPlan.of(picture(RegistryState.EMPTY, "a"), "d", List.of(vm("x", 256)));
        assertFalse(RegistryState.EMPTY
                .apply(TERM + 1, 1, plan.txn("r1", TERM))
                .result()
                .applied());
    }

    @Test
    void aNameThatWasTakenMeanwhileLetsNothingApply() {
        ClusterPicture before = picture(RegistryState.EMPTY, "a");
        Txn first = DeploymentPlan.of(before, "", List.of(vm("x", 256))).txn("r1", TERM);
        Txn second =
                DeploymentPlan.of(before, "", List.of(vm("w", 64), vm("x", 64))).txn("r2", TERM);
        RegistryState one = RegistryState.EMPTY.apply(TERM, 1, first).state();
        RegistryState.Applied two = one.apply(TERM, 2, second);
        assertFalse(two.result().applied());
        assertTrue(two.state().get("vms/w").isEmpty());
    }

    private static VmEntry withVolume(String name, String volume, int sizeMib) {
        VmEntry vm = vm(name, 64);
        return new VmEntry(
                vm.spec().withVolumes(List.of(new VolumeMount(volume, "/v", true, sizeMib))),
                vm.deployment(),
                vm.host());
    }

    @Test
    void aVolumeIsMadeWithItsFirstVmAndAllOthersGoWhereItIs() {
        DeploymentPlan plan = DeploymentPlan.of(
                picture(RegistryState.EMPTY, "a", "b"),
                "d",
                List.of(withVolume("x", "data", 0), withVolume("y", "data", 64), vm("z", 64)));
        assertEquals(plan.hostOf(0), plan.hostOf(1), "both have the volume");
        assertEquals(64, plan.vms().get(0).spec().extras().volumes().get(0).sizeMib());
        RegistryState state =
                RegistryState.EMPTY.apply(TERM, 1, plan.txn("r1", TERM)).state();
        ClusterPicture after = picture(state, "a", "b");
        assertEquals(Map.of("data", new VolumeEntry(plan.hostOf(0), 64)), after.volumes());
        assertEquals(List.of("x", "y"), after.usersOf("data"));
        VmEntry there = withVolume("w", "data", 0);
        String other = plan.hostOf(0).equals("a") ? "b" : "a";
        ClusterException elsewhere = assertThrows(
                ClusterException.class,
                () -> DeploymentPlan.of(after, "e", List.of(new VmEntry(there.spec(), "e", other))));
        assertTrue(elsewhere.getMessage().contains("has not the volume data"), elsewhere.getMessage());
        ClusterException size = assertThrows(
                ClusterException.class, () -> DeploymentPlan.of(after, "e", List.of(withVolume("w", "data", 65))));
        assertEquals(ErrorCode.CONFLICT, size.code());
    }

    @Test
    void aVolumeThatWasRemovedMeanwhileLetsNothingApply() {
        Op there = new Op.Put(VolumeEntry.PREFIX + "data", Json.write(new VolumeEntry("a", 64)));
        RegistryState with = RegistryState.EMPTY
                .apply(TERM, 1, new Txn("r1", List.of(), List.of(there)))
                .state();
        Txn plan = DeploymentPlan.of(picture(with, "a"), "d", List.of(withVolume("x", "data", 0)))
                .txn("r2", TERM);
        Op gone = new Op.Delete(VolumeEntry.PREFIX + "data");
        RegistryState without =
                with.apply(TERM, 2, new Txn("r3", List.of(), List.of(gone))).state();
        assertFalse(without.apply(TERM, 3, plan).result().applied());
        assertTrue(with.apply(TERM, 2, plan).result().applied());
    }

    @Test
    void aTakenNameIsAConflict() {
        DeploymentPlan plan = DeploymentPlan.of(picture(RegistryState.EMPTY, "a"), "d", List.of(vm("x", 256)));
        RegistryState state =
                RegistryState.EMPTY.apply(TERM, 1, plan.txn("r1", TERM)).state();
        ClusterException e = assertThrows(
                ClusterException.class, () -> DeploymentPlan.of(picture(state, "a"), "e", List.of(vm("x", 256))));
        assertEquals(ErrorCode.CONFLICT, e.code());
    }

    @Test
    void tooLittleMemoryIsRefusedAndNothingIsPlaced() {
        ClusterException e = assertThrows(
                ClusterException.class,
                () -> DeploymentPlan.of(picture(RegistryState.EMPTY, "a"), "d", List.of(vm("x", 800), vm("y", 800))));
        assertEquals(ErrorCode.REFUSED, e.code());
        assertEquals("no host for y: a has 224 MiB free of 1024, 800 MiB needed", e.getMessage());
    }

    @Test
    void undoLeavesNothing() {
        DeploymentPlan plan = DeploymentPlan.of(picture(RegistryState.EMPTY, "a"), "d", List.of(vm("x", 256)));
        RegistryState done =
                RegistryState.EMPTY.apply(TERM, 1, plan.txn("r1", TERM)).state();
        assertEquals(List.of(), done.apply(TERM, 2, plan.undo("r2")).state().under(""));
    }
}
