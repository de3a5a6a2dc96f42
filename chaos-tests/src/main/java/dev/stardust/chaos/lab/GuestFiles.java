package dev.stardust.chaos.lab;

import java.nio.file.Path;

/**
 * What guests boot from.
 *
 * @param bzImage Debian's kernel as it comes
 * @param vmlinux the ELF file in it
 * @param initramfs busybox, modules and the cases' commands, as a cpio archive
 */
public record GuestFiles(Path bzImage, Path vmlinux, Path initramfs) {}
