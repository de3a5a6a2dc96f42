package dev.stardust.scheduler.actor;

import dev.stardust.vm.actor.ResolvedSpec;

/**
 * The value of the registry key {@code vms/NAME}.
 *
 * @param spec what the VM is made of
 * @param deployment the deployment it belongs to, empty for a VM that was run alone
 * @param host name of the one host it may be started on, empty for any
 */
public record VmEntry(ResolvedSpec spec, String deployment, String host) {
    /** Prefix of the registry's keys of VMs. */
    public static final String PREFIX = "vms/";

    String group() {
        return spec.spread() == null ? "" : spec.spread();
    }
}
