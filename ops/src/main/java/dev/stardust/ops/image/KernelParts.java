package dev.stardust.ops.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A kernel and its modules, ready to be stored.
 *
 * @param version what {@code uname -r} tells of it
 * @param kernel the kernel
 * @param modules a tar of {@code lib/modules/VERSION}, or null
 */
public record KernelParts(String version, KernelFile kernel, Path modules) {
    /**
     * Makes them.
     *
     * @param file a bzImage, an ELF file or Debian's package of a kernel
     * @param modules a folder or a tar of the modules, or null for those of the package or none
     * @param folder an empty folder that takes what is in between and what this names
     * @throws BadKernelException that says what is wrong with which
     */
    public static KernelParts of(Path file, Path modules, Path folder) throws IOException {
        ModulesFolder found = new ModulesFolder(Files.createDirectory(folder.resolve("tree")));
        Path source = file;
        if (KernelPackage.is(file)) {
            source = folder.resolve("vmlinuz");
            KernelPackage.unpack(file, source, found);
        }
        if (modules != null) {
            if (!found.isEmpty()) {
                throw new BadKernelException(file + " has its modules in it: leave --modules out");
            }
            add(modules, found);
        }
        KernelFile kernel = KernelFile.of(source, folder);
        if (found.isEmpty() && modules == null) {
            return new KernelParts(kernel.version().isEmpty() ? "unknown" : kernel.version(), kernel, null);
        }
        String version = found.version(kernel.version());
        Path tar = folder.resolve("modules.tar");
        found.writeTar(version, tar);
        return new KernelParts(version, kernel, tar);
    }

    private static void add(Path modules, ModulesFolder to) throws IOException {
        if (Files.isDirectory(modules)) {
            to.addFolder(modules);
        } else {
            try (InputStream in = Files.newInputStream(modules)) {
                to.addTar(in);
            }
        }
    }
}
