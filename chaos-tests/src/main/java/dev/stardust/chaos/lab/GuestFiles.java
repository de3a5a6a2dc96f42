package dev.stardust.chaos.lab;

import java.nio.file.Path;

/**
 * What guests boot from.
 *
 * @param bzImage Debian's kernel as it comes
 * @param vmlinux the ELF file in it
 * @param initramfs busybox, modules and the cases' commands, as a cpio archive
 * @param discs a folder with the CD of each case that has one, and the BIOS if any has
 */
public record GuestFiles(Path bzImage, Path vmlinux, Path initramfs, Path discs) {
    static final String BIOS = "bios.bin";

    static String cdName(String caseName) {
        return caseName + ".iso";
    }

    /** SeaBIOS. */
    public Path bios() {
        return discs.resolve(BIOS);
    }

    /** The CD of a case that has one. */
    public Path cd(String caseName) {
        return discs.resolve(cdName(caseName));
    }
}
