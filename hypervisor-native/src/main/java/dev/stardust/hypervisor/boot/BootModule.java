package dev.stardust.hypervisor.boot;

import java.nio.file.Path;

/**
 * A file that a Multiboot kernel finds in memory when it starts.
 *
 * @param path the file
 * @param commandLine what the kernel is told about it, printable ASCII; usually its name and arguments
 */
public record BootModule(Path path, String commandLine) {}
