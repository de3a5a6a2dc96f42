package dev.stardust.vm.qemu;

import java.io.IOException;

/**
 * Whether this host has what machines of QEMU take.
 *
 * @param usable whether it has
 * @param accelerator what runs guests' code
 * @param why why not, or where QEMU is
 */
public record QemuSupport(boolean usable, Accelerator accelerator, String why) {
    /**
     * Looks for the programs.
     *
     * @param wanted what is to run guests' code, or null for what is best
     * @param kvm whether KVM runs Linux here
     */
    public static QemuSupport find(Accelerator wanted, boolean kvm) {
        Accelerator accelerator = wanted != null ? wanted : best(kvm);
        try {
            Programs.require(QemuParts.KILLER, "util-linux");
            return new QemuSupport(
                    true,
                    accelerator,
                    Programs.require(QemuCommand.PROGRAM, "qemu-system-x86").toString());
        } catch (IOException e) {
            return new QemuSupport(false, accelerator, e.getMessage());
        }
    }

    private static Accelerator best(boolean kvm) {
        if (System.getProperty("os.name").startsWith("Mac")) {
            return Accelerator.HVF;
        }
        return kvm ? Accelerator.KVM : Accelerator.TCG;
    }
}
