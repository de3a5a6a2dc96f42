package dev.stardust.vm.qemu;

/** What runs a guest's code in QEMU; names are QEMU's. */
public enum Accelerator {
    /** Translated code, on any host. */
    TCG("tcg,thread=multi", 1),
    /** Linux's KVM. */
    KVM("kvm", 2),
    /** The hypervisor of macOS. */
    HVF("hvf", 3);

    private final String option;
    private final int code;

    Accelerator(String option, int code) {
        this.option = option;
        this.code = code;
    }

    /** In a saved state; docs/formats-vmm.md. */
    int code() {
        return code;
    }

    /** What follows {@code -accel}. */
    String option() {
        return option;
    }
}
