package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.kvm.KvmVcpu;

/** The registers that a boot protocol starts a vCPU with; what they point to is in memory already. */
public sealed interface EntryState permits LongMode, ProtectedMode, Reset {
    /** Sets segment, control and general registers of a vCPU that has not run. */
    void applyTo(KvmVcpu vcpu);
}
