package dev.stardust.vm.qemu;

/** What runs a guest's code in QEMU; names are QEMU's. */
public enum Accelerator {
    /** Translated code, on any host. */
    TCG("tcg,thread=multi"),
    /** Linux's KVM. */
    KVM("kvm"),
    /** The hypervisor of macOS. */
    HVF("hvf");

    private final String option;

    Accelerator(String option) {
        this.option = option;
    }

    /** What follows {@code -accel}. */
    String option() {
        return option;
    }
}
