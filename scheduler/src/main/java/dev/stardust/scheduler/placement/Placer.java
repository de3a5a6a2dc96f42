package dev.stardust.scheduler.placement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** Filters hosts, scores those that are left, takes the best. Pure: the same input gives the same places. */
public final class Placer {
    private Placer() {}

    /**
     * Places VMs one after the other; each sees what the ones before it took. A refused VM takes nothing.
     *
     * @return a decision for each demand, in order
     */
    public static List<Decision> place(List<HostView> hosts, List<Demand> demands) {
        List<HostView> now = new ArrayList<>(hosts);
        List<Decision> decisions = new ArrayList<>();
        for (Demand demand : demands) {
            Decision decision = place(now, demand);
            if (decision instanceof Decision.Placed placed) {
                now.replaceAll(h -> h.id().equals(placed.hostId()) ? h.with(demand) : h);
            }
            decisions.add(decision);
        }
        return decisions;
    }

    private static Decision place(List<HostView> hosts, Demand demand) {
        Map<String, String> reasons = new TreeMap<>();
        List<HostView> fitting = new ArrayList<>();
        for (HostView host : hosts) {
            Optional<String> obstacle = elsewhere(hosts, host, demand).or(() -> obstacle(host, demand));
            obstacle.ifPresentOrElse(why -> reasons.put(host.name(), why), () -> fitting.add(host));
        }
        Comparator<HostView> byGroup = Comparator.comparingInt(h -> h.groups().getOrDefault(demand.group(), 0));
        return fitting.stream()
                .min((demand.group().isEmpty() ? Comparator.<HostView>comparingInt(h -> 0) : byGroup)
                        .thenComparing(Comparator.comparingDouble(h -> -freeShareAfter(h, demand)))
                        .thenComparingInt(HostView::vms)
                        .thenComparing(HostView::id))
                .<Decision>map(h -> new Decision.Placed(demand, h.id()))
                .orElseGet(() -> new Decision.Refused(demand, reasons));
    }

    /** Which volume of the VM is on another host, empty when none is. */
    private static Optional<String> elsewhere(List<HostView> hosts, HostView host, Demand demand) {
        for (HostView other : hosts) {
            for (String volume : new TreeSet<>(demand.volumes())) {
                if (!other.id().equals(host.id()) && other.volumes().contains(volume)) {
                    return Optional.of("has not the volume " + volume + ", which is on " + other.name());
                }
            }
        }
        return Optional.empty();
    }

    /** Why a host cannot take the VM, empty when it can. */
    private static Optional<String> obstacle(HostView host, Demand demand) {
        if (!demand.host().isEmpty() && !demand.host().equals(host.name())) {
            return Optional.of("is not the host asked for (" + demand.host() + ")");
        }
        if (!host.alive()) {
            return Optional.of("is dead (its lease ended)");
        }
        if (!demand.hypervisor().isEmpty() && !host.hypervisors().contains(demand.hypervisor())) {
            return Optional.of("has no " + demand.hypervisor() + ", only "
                    + (host.hypervisors().isEmpty() ? "nothing" : String.join(", ", host.hypervisors())));
        }
        if (host.freeMib() < demand.memoryMib()) {
            return Optional.of("has " + host.freeMib() + " MiB free of " + host.memoryMib() + ", " + demand.memoryMib()
                    + " MiB needed");
        }
        return Optional.empty();
    }

    /** Share of the host's memory that stays free: the emptiest host is the best one. */
    private static double freeShareAfter(HostView host, Demand demand) {
        return (host.freeMib() - demand.memoryMib()) / (double) host.memoryMib();
    }
}
