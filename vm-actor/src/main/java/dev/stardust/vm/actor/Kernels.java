package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.util.Map;
import java.util.TreeSet;

/**
 * The kernels of the cluster.
 *
 * @param byName all of them
 * @param standard name of the one that images start with which name none, or null
 */
public record Kernels(Map<String, KernelEntry> byName, String standard) {
    /** None. */
    public static final Kernels NONE = new Kernels(Map.of(), null);

    public Kernels {
        byName = Map.copyOf(byName);
    }

    /**
     * The kernel of that name, or the standard one.
     *
     * @param name its name, or null
     * @param vm who needs it
     * @throws ClusterException NOT_FOUND that says what there is
     */
    KernelEntry find(String name, String vm) {
        String wanted = name == null ? standard : name;
        KernelEntry found = wanted == null ? null : byName.get(wanted);
        if (found == null) {
            throw new ClusterException(
                    ErrorCode.NOT_FOUND,
                    "VM " + vm + " needs " + (wanted == null ? "a kernel" : "the kernel '" + wanted + "'")
                            + ", which is not there; "
                            + (byName.isEmpty()
                                    ? "there is none yet: see 'stardust kernel import --help'"
                                    : "there are " + String.join(", ", new TreeSet<>(byName.keySet()))
                                            + (wanted == null ? ": choose one by 'stardust kernel set-default'" : "")));
        }
        return found;
    }
}
