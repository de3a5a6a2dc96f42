package dev.stardust.hypervisor.boot;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Tells what kinds of kernel a file is. */
public final class KernelKind {
    private static final int VERSION_POINTER = 0x20e;
    private static final int SETUP_START = 0x200;
    private static final int MAX_VERSION_BYTES = 128;

    private KernelKind() {}

    /**
     * All that is known of a file, a sentence's part each; empty if it is no kernel.
     *
     * @throws BootException if it cannot be read, or is a kernel that cannot be booted
     */
    public static List<String> of(Path path) {
        List<String> kinds = new ArrayList<>();
        try (BootFile file = BootFile.open("file", path)) {
            if (BzImage.isOne(file)) {
                BzImage.parse(file);
                kinds.add("Linux bzImage, version " + version(file));
            }
            if (Multiboot2Header.offset(file) >= 0) {
                kinds.add("Multiboot 2 kernel");
            }
            if (Multiboot1.offset(file) >= 0) {
                kinds.add("Multiboot 1 kernel");
            }
            if (kinds.isEmpty() && Elf64.isOne(file)) {
                kinds.add("64-bit ELF kernel " + (PvhBoot.hasEntry(Elf64.parse(file)) ? "with" : "without")
                        + " PVH entry");
            } else if (!kinds.isEmpty() && MultibootKernel.isOne(file)) {
                MultibootKernel.find(file);
            }
        }
        return kinds;
    }

    /** What the kernel was built as, up to the first space; its text lies in the real-mode part. */
    private static String version(BootFile file) {
        long at = SETUP_START
                + Short.toUnsignedLong(file.read(VERSION_POINTER, Short.BYTES).getShort(0));
        if (at == SETUP_START || !file.contains(at, MAX_VERSION_BYTES)) {
            return "unknown";
        }
        ByteBuffer text = file.read(at, MAX_VERSION_BYTES);
        byte[] bytes = new byte[MAX_VERSION_BYTES];
        text.get(0, bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1).split("[^!-~]", 2)[0];
    }
}
