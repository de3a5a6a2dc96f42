package dev.stardust.chunk.tree;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * An ext4 of a tree, by tar, mke2fs and debugfs. Who is not root needs fakeroot, so that owners and devices are as in the
 * tree.
 */
final class TreeDisk {
    private static final String PURPOSE = "to make a disk of an archive";

    /** Arguments: an empty folder, then the command that makes an image of it. */
    private static final String SCRIPT =
            "tar --extract --file=- --numeric-owner --same-permissions --same-owner --directory=\"$1\" && shift && \"$@\"";

    private final FileTree tree;
    private final Path folder;
    private final Ext4.Shape shape;

    /**
     * A disk that is not made yet.
     *
     * @param folder takes what is in between
     */
    TreeDisk(FileTree tree, Path folder, Ext4.Shape shape) {
        this.tree = tree;
        this.folder = folder;
        this.shape = shape;
    }

    /** Fills an image, a file that is there and empty. */
    void make(Path image) throws IOException {
        Ext4.Size size = new Ext4.Size();
        tree.walkOnce((path, node) ->
                size.add(node.content().sizeBytes(), node.xattrs().isEmpty() ? 0 : 1));
        // The inner folder gets the root's mode, so the outer one keeps others out.
        Path guarded = Files.createTempDirectory(folder, "tree-");
        try {
            Path staging = Files.createDirectory(guarded.resolve("root"));
            List<String> command = new ArrayList<>();
            if (!isRoot()) {
                command.addAll(List.of("fakeroot", "--"));
            }
            command.addAll(List.of("sh", "-c", SCRIPT, "sh", staging.toString()));
            command.addAll(Ext4.command(staging, image, size, shape));
            Tool.run("fakeroot tar " + Ext4.PACKAGE, PURPOSE, command, stdin -> {
                try (TreeTar tar = new TreeTar(stdin, false)) {
                    tar.write(tree);
                }
            });
            setXattrs(image, guarded);
        } finally {
            Tool.run("coreutils", "to remove " + guarded, List.of("rm", "-rf", "--", guarded.toString()));
        }
    }

    private static boolean isRoot() throws IOException {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    }

    /** By debugfs, which takes any attribute from anybody. It always succeeds, but says what it could not do. */
    private void setXattrs(Path image, Path values) throws IOException {
        StringBuilder script = new StringBuilder();
        tree.walkOnce((path, node) -> addXattrs(node, "/" + path, values, script));
        if (script.length() == 0) {
            return;
        }
        Path file = Files.writeString(values.resolve("script"), script, StandardCharsets.UTF_8);
        String said = Tool.run(
                Ext4.PACKAGE,
                PURPOSE,
                List.of(Tool.ofSystem("debugfs"), "-w", "-f", file.toString(), image.toString()));
        String wrong = said.lines().filter(line -> !line.startsWith("debugfs")).collect(Collectors.joining("; "));
        if (!wrong.isEmpty()) {
            throw new IOException("debugfs could not set extended attributes: " + wrong);
        }
    }

    private static void addXattrs(FileNode node, String path, Path values, StringBuilder script) throws IOException {
        for (Map.Entry<String, byte[]> xattr : node.xattrs().entrySet()) {
            if ((path + xattr.getKey()).matches("(?s).*[\"\\p{Cntrl}].*")) {
                throw new BadArchiveException(
                        "an extended attribute at '" + path + "', whose name debugfs cannot take");
            }
            Path value = Files.createTempFile(values, "v", "");
            Files.write(value, xattr.getValue());
            script.append("ea_set -f ").append(value).append(" \"").append(path).append("\" \"");
            script.append(xattr.getKey()).append("\"\n");
        }
    }
}
