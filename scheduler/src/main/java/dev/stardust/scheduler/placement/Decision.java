package dev.stardust.scheduler.placement;

import java.util.Map;
import java.util.stream.Collectors;

/** Where a VM goes, or why it cannot go anywhere. */
public sealed interface Decision {
    /** The VM goes to this host. */
    record Placed(Demand demand, String hostId) implements Decision {}

    /** No host fits; {@code reasons} says of each host, by name, why not. */
    record Refused(Demand demand, Map<String, String> reasons) implements Decision {
        public Refused {
            reasons = Map.copyOf(reasons);
        }

        /** One line for the user. */
        public String message() {
            if (reasons.isEmpty()) {
                return "no host for " + demand.vm() + ": the cluster has no hosts";
            }
            return "no host for " + demand.vm() + ": "
                    + reasons.entrySet().stream()
                            .sorted(Map.Entry.comparingByKey())
                            .map(e -> e.getKey() + " " + e.getValue())
                            .collect(Collectors.joining("; "));
        }
    }
}
