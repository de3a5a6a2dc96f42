package dev.stardust.vm.spec;

import com.fasterxml.jackson.annotation.JsonCreator;
import dev.stardust.hypervisor.kvm.CpuTemplate;

/**
 * A VM's vCPUs.
 *
 * @param count how many
 * @param template what they are shown as
 */
public record Cpus(int count, CpuTemplate template) {
    /** One of what the host has. */
    public static final Cpus ONE = of(1);

    @JsonCreator
    public Cpus {
        template = template == null ? CpuTemplate.HOST : template;
    }

    /** So many of what the host has; what the registry holds of earlier versions is a number alone. */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public static Cpus of(int count) {
        return new Cpus(count, CpuTemplate.HOST);
    }
}
