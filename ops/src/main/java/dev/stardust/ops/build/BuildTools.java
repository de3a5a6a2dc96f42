package dev.stardust.ops.build;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.util.List;

/** The programs that images are built by, looked for before anything is begun. */
final class BuildTools {
    private static final String PURPOSE = "to build an image";

    private BuildTools() {}

    /**
     * Looks for what makes a disk of a tree of files.
     *
     * @throws IOException that names the package of what is missing
     */
    static void requireDiskMakers() throws IOException {
        Tool.run("e2fsprogs", PURPOSE, List.of(Tool.ofSystem("mke2fs"), "-V"));
        Tool.run("tar", PURPOSE, List.of("tar", "--version"));
        if (!DebianPackages.isRoot()) {
            Tool.run("fakeroot", PURPOSE, List.of("fakeroot", "--version"));
        }
    }

    /** Looks for what makes a tree of Debian's packages, and a disk of it. */
    static void requireDebianMakers() throws IOException {
        Tool.run("mmdebstrap", PURPOSE, List.of("mmdebstrap", "--version"));
        requireDiskMakers();
    }
}
