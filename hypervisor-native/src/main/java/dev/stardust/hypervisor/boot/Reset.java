package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.kvm.KvmVcpu;

/**
 * The state after a reset: real mode, at 16 bytes below 4 GiB, where a PC's firmware is entered (Intel SDM volume 3, 9.1.4).
 */
public record Reset() implements EntryState {
    @Override
    public void applyTo(KvmVcpu vcpu) {
        // KVM makes vCPUs in this state.
    }
}
