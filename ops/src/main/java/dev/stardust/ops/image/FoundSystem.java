package dev.stardust.ops.image;

import java.nio.file.Path;
import java.util.List;

/**
 * What was found of a Linux in a disk.
 *
 * @param name what it calls itself, empty if it does not
 * @param root where its root filesystem is, as the kernel's word {@code root=} has it; null if none was found
 * @param rootType the root filesystem's type
 * @param init the path of its first process, or null if it has none
 * @param shell whether it has a {@code /bin/sh}
 * @param kernel its own kernel and initrd, or null
 * @param args words for the kernel's command line
 * @param notes what the user should know, a sentence each
 */
public record FoundSystem(
        String name,
        String root,
        String rootType,
        String init,
        boolean shell,
        OwnKernel kernel,
        String args,
        List<String> notes) {
    public FoundSystem {
        notes = List.copyOf(notes);
    }

    /**
     * Copies of a kernel and its initrd.
     *
     * @param version as their names have it
     */
    public record OwnKernel(String version, Path kernel, Path initrd) {}

    static FoundSystem nothing(List<String> notes) {
        return new FoundSystem("", null, null, null, false, null, "", notes);
    }
}
