package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import dev.stardust.ops.build.DebianPackages;
import dev.stardust.ops.image.KernelImage;
import dev.stardust.vm.initramfs.KernelModules;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Debian's newest kernel for virtual machines and its static busybox, unpacked in the cache.
 *
 * @param version of the kernel's package
 * @param bzImage the kernel as it comes
 * @param vmlinux the ELF file in it
 * @param modules its modules
 * @param busybox the program
 */
public record LinuxFiles(String version, Path bzImage, Path vmlinux, KernelModules modules, Path busybox) {
    private static final String BUSYBOX = "busybox-static";
    private static final int DEPMOD_TIMEOUT_S = 60;

    /** Prepares them, or takes those that were prepared before. */
    public static LinuxFiles prepare(LabCache cache) throws IOException {
        DebianPackages debian = new DebianPackages();
        String kernel = debian.newestKernel();
        String version = debian.newestVersion(kernel);
        Path root = cache.get(entry(kernel, version), folder -> {
            debian.unpack(kernel, version, folder);
            Path modules = modules(folder);
            // A package has no modules.dep: it is made where the package is installed.
            External.run(
                    DEPMOD_TIMEOUT_S,
                    List.of(
                            "/sbin/depmod",
                            "-b",
                            folder.toString(),
                            modules.getFileName().toString()));
            new KernelImage(Files.readAllBytes(bzImage(folder))).unpack(vmlinux(folder));
        });
        String busyboxVersion = debian.newestVersion(BUSYBOX);
        Path busybox =
                cache.get(entry(BUSYBOX, busyboxVersion), folder -> debian.unpack(BUSYBOX, busyboxVersion, folder));
        return new LinuxFiles(
                version,
                bzImage(root),
                vmlinux(root),
                KernelModules.read(modules(root)),
                busybox.resolve("bin/busybox"));
    }

    private static String entry(String name, String version) {
        return name + "_" + version.replace(':', '.');
    }

    private static Path modules(Path root) throws IOException {
        return DebianPackages.only(root.resolve("lib/modules"));
    }

    private static Path bzImage(Path root) throws IOException {
        return root.resolve("boot").resolve("vmlinuz-" + modules(root).getFileName());
    }

    private static Path vmlinux(Path root) {
        return root.resolve("boot/vmlinux");
    }
}
