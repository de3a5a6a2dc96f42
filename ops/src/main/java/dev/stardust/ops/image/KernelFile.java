package dev.stardust.ops.image;

import dev.stardust.hypervisor.boot.BootException;
import dev.stardust.hypervisor.boot.KernelKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A kernel as it is stored: unpacked where every hypervisor can start that, else as it came.
 *
 * @param version what {@code uname -r} tells of it, empty if that is not in it
 * @param file the kernel
 * @param unpacked whether it was a bzImage and is an ELF file now
 */
public record KernelFile(String version, Path file, boolean unpacked) {
    private static final String BZ_IMAGE = "bzImage";
    private static final String ELF = "64-bit ELF kernel";
    private static final String PVH = "with PVH entry";

    /**
     * Looks at a kernel and unpacks it if that can be done.
     *
     * @param source a bzImage or an ELF file
     * @param folder takes what it unpacks to
     * @throws BadKernelException if it is none that can be started, or is damaged
     */
    public static KernelFile of(Path source, Path folder) throws IOException {
        long size = Files.size(source);
        byte[] begin;
        try (InputStream in = Files.newInputStream(source)) {
            begin = in.readNBytes(Integer.BYTES);
        }
        if (KernelImage.startsAsElf(begin, begin.length)) {
            requireSize(source, size, KernelImage.MAX_BYTES);
            requireKind(source, ELF);
            return new KernelFile(KernelImage.versionOfElf(source).orElse(""), source, false);
        }
        requireSize(source, size, KernelImage.MAX_PACKED_BYTES);
        KernelImage image = new KernelImage(Files.readAllBytes(source));
        if (!image.isBzImage()) {
            throw new BadKernelException(
                    source + " is no Linux kernel for x86-64: give a bzImage (vmlinuz) or an ELF" + " file (vmlinux)");
        }
        requireKind(source, BZ_IMAGE);
        String version = image.version().orElse("");
        Optional<Path> elf = image.isUnpackable() ? unpacked(source, image, folder) : Optional.empty();
        return new KernelFile(version, elf.orElse(source), elf.isPresent());
    }

    /** Empty if QEMU, which enters ELF files by PVH only, could not start what is in it. */
    private static Optional<Path> unpacked(Path source, KernelImage image, Path folder) throws IOException {
        Path elf = folder.resolve("vmlinux");
        try {
            image.unpack(elf);
        } catch (BadKernelException e) {
            throw new BadKernelException(source + ": " + e.getMessage(), e);
        }
        if (kinds(elf).contains(PVH)) {
            return Optional.of(elf);
        }
        Files.delete(elf);
        return Optional.empty();
    }

    private static void requireSize(Path source, long size, long mostBytes) throws BadKernelException {
        if (size > mostBytes) {
            throw new BadKernelException(source + " has " + size + " bytes; a kernel has at most " + mostBytes);
        }
    }

    private static void requireKind(Path source, String kind) throws BadKernelException {
        if (!kinds(source).contains(kind)) {
            throw new BadKernelException(source + " is no Linux kernel for x86-64");
        }
    }

    private static String kinds(Path file) throws BadKernelException {
        try {
            return String.join("; ", KernelKind.of(file));
        } catch (BootException e) {
            throw new BadKernelException(e.getMessage(), e);
        }
    }
}
