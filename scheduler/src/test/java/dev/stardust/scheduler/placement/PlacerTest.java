package dev.stardust.scheduler.placement;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class PlacerTest {
    private static HostView host(String id, boolean alive, int memoryMib, int usedMib) {
        return new HostView(id, "node-" + id, alive, memoryMib, usedMib, 0, List.of("kvm"), Map.of(), Set.of());
    }

    private static Demand demand(String vm, int memoryMib) {
        return new Demand(vm, memoryMib, "", "", "web", Set.of());
    }

    @Test
    void aVmGoesOnlyWhereItsHypervisorIs() {
        HostView kvm = host("a", true, 1000, 0);
        HostView both = new HostView("b", "node-b", true, 100, 50, 0, List.of("kvm", "qemu"), Map.of(), Set.of());
        Demand demand = new Demand("x", 10, "", "qemu", "", Set.of());
        assertEquals(List.of(new Decision.Placed(demand, "b")), Placer.place(List.of(kvm, both), List.of(demand)));
        Decision.Refused refused =
                (Decision.Refused) Placer.place(List.of(kvm), List.of(demand)).get(0);
        assertEquals("no host for x: node-a has no qemu, only kvm", refused.message());
    }

    @Test
    void sixVmsOfOneGroupSpreadTwoToAHost() {
        List<HostView> hosts = List.of(host("a", true, 4096, 0), host("b", true, 8192, 0), host("c", true, 4096, 0));
        List<Demand> demands = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            demands.add(demand("vm-" + i, 128));
        }
        Map<String, Integer> count = new HashMap<>();
        for (Decision d : Placer.place(hosts, demands)) {
            count.merge(((Decision.Placed) d).hostId(), 1, Integer::sum);
        }
        assertEquals(Map.of("a", 2, "b", 2, "c", 2), count);
    }

    @Test
    void aDeadHostGetsNothing() {
        List<HostView> hosts = List.of(host("a", false, 4096, 0), host("b", true, 256, 0));
        assertEquals(
                List.of(new Decision.Placed(demand("x", 128), "b")), Placer.place(hosts, List.of(demand("x", 128))));
    }

    @Test
    void aRefusalNamesEveryHostAndItsReason() {
        List<HostView> hosts = List.of(host("a", false, 4096, 0), host("b", true, 256, 200));
        Decision.Refused refused = (Decision.Refused)
                Placer.place(hosts, List.of(demand("x", 128))).get(0);
        assertEquals(
                "no host for x: node-a is dead (its lease ended); node-b has 56 MiB free of 256, 128 MiB needed",
                refused.message());
    }

    @Test
    void aPinnedVmGoesToItsHostOrNowhere() {
        List<HostView> hosts = List.of(host("a", true, 4096, 0), host("b", true, 4096, 4000));
        Demand pinned = new Demand("x", 50, "node-b", "", "", Set.of());
        assertEquals(List.of(new Decision.Placed(pinned, "b")), Placer.place(hosts, List.of(pinned)));
        assertTrue(
                Placer.place(hosts, List.of(new Demand("x", 500, "node-b", "", "", Set.of())))
                                .get(0)
                        instanceof Decision.Refused);
    }

    @Property
    void noHostIsEverGivenMoreThanItHas(
            @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 0, max = 2000) Integer> capacities,
            @ForAll @Size(max = 40) List<@IntRange(min = 1, max = 700) Integer> sizes) {
        List<HostView> hosts = new ArrayList<>();
        for (int i = 0; i < capacities.size(); i++) {
            hosts.add(host("h" + i, true, capacities.get(i), 0));
        }
        List<Demand> demands = new ArrayList<>();
        for (int i = 0; i < sizes.size(); i++) {
            demands.add(demand("vm-" + i, sizes.get(i)));
        }
        int[] used = new int[capacities.size()];
        int smallest = Integer.MAX_VALUE;
        for (Decision d : Placer.place(hosts, demands)) {
            if (d instanceof Decision.Placed p) {
                used[Integer.parseInt(p.hostId().substring(1))] += p.demand().memoryMib();
            } else if (d instanceof Decision.Refused r) {
                smallest = Math.min(smallest, r.demand().memoryMib());
            }
        }
        for (int i = 0; i < used.length; i++) {
            assertTrue(used[i] <= capacities.get(i));
            assertTrue(smallest > capacities.get(i) - used[i], "a refused VM would have fitted");
        }
    }
}
