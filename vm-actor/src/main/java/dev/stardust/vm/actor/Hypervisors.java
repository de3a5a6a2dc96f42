package dev.stardust.vm.actor;

import dev.stardust.hypervisor.boot.BootException;
import dev.stardust.hypervisor.boot.BootSpec;
import dev.stardust.hypervisor.boot.KernelKind;
import dev.stardust.hypervisor.machine.KvmSupport;
import dev.stardust.vm.qemu.Accelerator;
import dev.stardust.vm.qemu.QemuSupport;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Hypervisor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What runs guests on this host, and what of it is chosen for a VM that does not say.
 *
 * @param kvm what its KVM is good for
 * @param qemu whether there is a QEMU
 */
public record Hypervisors(KvmSupport kvm, QemuSupport qemu) {
    /**
     * Looks what there is; blocks for some ms.
     *
     * @param folder where files may be put meanwhile; it is there
     * @param accelerator what QEMU is to run on, or null for what is best
     */
    public static Hypervisors find(Path folder, Accelerator accelerator) {
        KvmSupport kvm = KvmSupport.find(folder);
        return new Hypervisors(kvm, QemuSupport.find(accelerator, kvm.linux()));
    }

    /** Those that there are, for the registry. */
    public List<Hypervisor> usable() {
        List<Hypervisor> usable = new ArrayList<>();
        if (kvm.usable()) {
            usable.add(Hypervisor.KVM);
        }
        if (qemu.usable()) {
            usable.add(Hypervisor.QEMU);
        }
        return usable;
    }

    /**
     * What runs that VM here.
     *
     * @throws IllegalStateException if nothing does, that says what to do
     */
    Hypervisor choose(ResolvedSpec spec) {
        Hypervisor chosen = spec.hypervisor();
        if (chosen == Hypervisor.AUTO) {
            boolean best = isLinux(spec) ? kvm.linux() : kvm.usable();
            chosen = best || !qemu.usable() ? Hypervisor.KVM : Hypervisor.QEMU;
        }
        if (chosen == Hypervisor.KVM && !kvm.usable()) {
            throw new IllegalStateException("this host has no KVM that VM " + spec.name() + " could run on: "
                    + kvm.why() + (qemu.usable() ? "" : "; and no QEMU: " + qemu.why()));
        }
        if (chosen == Hypervisor.QEMU && !qemu.usable()) {
            throw new IllegalStateException(
                    "VM " + spec.name() + " asks for QEMU, which this host cannot use: " + qemu.why());
        }
        if (chosen == Hypervisor.QEMU && spec.base() == null && spec.isTestGuest()) {
            throw new IllegalStateException("VM " + spec.name()
                    + " starts the built-in test guest, which is made for KVM alone: name an image or a kernel");
        }
        return chosen;
    }

    /** What runs that VM here, in words: "kvm", or "qemu/tcg"; empty if nothing does. */
    String describe(ResolvedSpec spec) {
        try {
            return choose(spec) == Hypervisor.KVM
                    ? "kvm"
                    : "qemu/" + qemu.accelerator().name().toLowerCase(Locale.ROOT);
        } catch (IllegalStateException e) {
            return "";
        }
    }

    /** Whether its guest takes more of a KVM than small kernels do. */
    private static boolean isLinux(ResolvedSpec spec) {
        if (spec.linux() != null || spec.extras().cd() != null) {
            return true;
        }
        Boot boot = spec.boot();
        if (boot.kernel() == null || boot.protocol() == BootSpec.Protocol.LINUX) {
            return boot.kernel() != null;
        }
        try {
            return KernelKind.of(Path.of(boot.kernel())).stream().anyMatch(kind -> kind.startsWith("Linux"));
        } catch (BootException e) {
            // Whoever starts it will tell.
            return false;
        }
    }
}
