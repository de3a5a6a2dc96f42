package dev.stardust.vm.actor;

/**
 * The Linux that a VM starts from an image, looked up.
 *
 * @param kernel its kernel
 * @param initrd the image's own initrd, or null for ours
 * @param modules a tar of the kernel's modules for our initrd, or null
 * @param root as in {@link ImageBoot}
 * @param rootType as in {@link ImageBoot}
 * @param init as in {@link ImageBoot}
 * @param args as in {@link ImageBoot}
 */
public record LinuxBoot(
        StoredFile kernel,
        StoredFile initrd,
        StoredFile modules,
        String root,
        String rootType,
        String init,
        String args) {
    static LinuxBoot of(ImageBoot boot, Kernels kernels, String vm) {
        if (boot.own() != null) {
            return new LinuxBoot(
                    boot.own().image(),
                    boot.own().initrd(),
                    null,
                    boot.root(),
                    boot.rootType(),
                    boot.init(),
                    boot.args());
        }
        KernelEntry kernel = kernels.find(boot.kernel(), vm);
        return new LinuxBoot(
                kernel.image(), null, kernel.modules(), boot.root(), boot.rootType(), boot.init(), boot.args());
    }
}
