package dev.stardust.ops.api;

import java.nio.file.Path;

/**
 * A kernel to be imported.
 *
 * @param name its name, or null for one made of its version
 * @param file a bzImage, an ELF file or Debian's package of a kernel, that the node can read
 * @param modules a folder or a tar of its modules, or null
 */
public record KernelRequest(String name, Path file, Path modules) {}
