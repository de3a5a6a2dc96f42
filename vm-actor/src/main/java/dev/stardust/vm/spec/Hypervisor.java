package dev.stardust.vm.spec;

import java.util.Locale;

/** What runs a VM's guest. */
public enum Hypervisor {
    /** What the VM's host finds best for it: {@link #KVM} where that can run it, else {@link #QEMU}. */
    AUTO,
    /** Our own VMM on the host's KVM. */
    KVM,
    /** A process of QEMU, on whatever the host has. */
    QEMU;

    /** Its name for people and files. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
