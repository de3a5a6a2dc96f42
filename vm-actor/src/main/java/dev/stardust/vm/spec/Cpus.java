package dev.stardust.vm.spec;

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

    public Cpus {
        template = template == null ? CpuTemplate.HOST : template;
    }

    /** So many of what the host has. */
    public static Cpus of(int count) {
        return new Cpus(count, CpuTemplate.HOST);
    }
}
