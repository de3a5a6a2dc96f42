package dev.stardust.chaos.lab;

import java.nio.file.Path;

/**
 * What guests boot from.
 *
 * @param bzImage Debian's kernel as it comes
 * @param vmlinux the ELF file in it
 * @param initramfs busybox, modules and the cases' commands, as a cpio archive
 * @param discs a folder with the CD of each case that has one, the BIOS if any has, and the root and the agent's initramfs if any has them
 * @param result where a case puts its root as the guest left it, as large as it is
 */
public record GuestFiles(Path bzImage, Path vmlinux, Path initramfs, Path discs, Path result) {
    static final String ROOT = "root.ext4";

    static final String AGENT = "agent.cpio";

    static final String BIOS = "bios.bin";

    static String cdName(String caseName) {
        return caseName + ".iso";
    }

    /** SeaBIOS. */
    public Path bios() {
        return discs.resolve(BIOS);
    }

    /** The disk that is a guest's root, as it is at first. */
    public Path root() {
        return discs.resolve(ROOT);
    }

    /** The initramfs whose init is our agent. */
    public Path agentInitramfs() {
        return discs.resolve(AGENT);
    }

    /** The CD of a case that has one. */
    public Path cd(String caseName) {
        return discs.resolve(cdName(caseName));
    }
}
