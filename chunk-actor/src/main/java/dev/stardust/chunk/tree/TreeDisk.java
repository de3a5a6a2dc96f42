package dev.stardust.chunk.tree;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * An ext4 of a tree, by tar, mke2fs and debugfs. Who is not root needs fakeroot, so that owners and devices are as in the tree.
 */
final class TreeDisk {
    private static final int BLOCK_BYTES = 4096;
    private static final int INODE_BYTES = 256;
    private static final long ROOM_BYTES = 128L << 20;
    private static final int SPARE_INODES = 4096;
    private static final long TIMEOUT_S = 3_600;

    /** Arguments: an empty folder, the image, inodes, size. */
    private static final String SCRIPT =
            """
            PATH=$PATH:/usr/sbin:/sbin
            tar --extract --file=- --numeric-owner --same-permissions --same-owner --directory="$1" &&
            mke2fs -q -F -t ext4 -b 4096 -N "$3" -d "$1" "$2" "$4"
            """;

    private final FileTree tree;
    private final Spool spool;
    private final Path folder;
    private long bytes;
    private long inodes;

    /** @param folder takes what is in between */
    TreeDisk(FileTree tree, Spool spool, Path folder) {
        this.tree = tree;
        this.spool = spool;
        this.folder = folder;
    }

    /** Fills an image, a file that is there and empty. */
    void make(Path image) throws IOException {
        count(tree.root(), new IdentityHashMap<>());
        long spare = inodes + inodes / 8 + SPARE_INODES;
        long size = bytes + bytes / 16 + spare * INODE_BYTES + ROOM_BYTES;
        Path staging = Files.createTempDirectory(folder, "tree-");
        List<String> command = new ArrayList<>();
        if ((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
            command.addAll(List.of("fakeroot", "--"));
        }
        command.addAll(List.of(
                "sh",
                "-c",
                SCRIPT,
                "sh",
                staging.toString(),
                image.toString(),
                Long.toString(spare),
                (size + (1 << 20) - 1) / (1 << 20) + "M"));
        try {
            run(command, to -> {
                try (TreeTar tar = new TreeTar(spool, to)) {
                    tar.write(tree);
                }
            });
            setXattrs(image);
        } finally {
            run(List.of("rm", "-rf", "--", staging.toString()), OutputStream::close);
        }
    }

    private void count(FileNode node, Map<FileNode, FileNode> seen) {
        if (seen.putIfAbsent(node, node) != null) {
            return;
        }
        inodes++;
        bytes += (node.sizeBytes() + BLOCK_BYTES) / BLOCK_BYTES * BLOCK_BYTES;
        if (node.isDirectory()) {
            node.children().values().forEach(child -> count(child.node(), seen));
        }
    }

    private void setXattrs(Path image) throws IOException {
        Path values = Files.createTempDirectory(folder, "xattrs-");
        try {
            StringBuilder script = new StringBuilder();
            addXattrs(tree.root(), "", values, script, new IdentityHashMap<>());
            if (script.length() > 0) {
                Path file = Files.writeString(values.resolve("script"), script, StandardCharsets.UTF_8);
                run(
                        List.of(
                                "sh",
                                "-c",
                                "PATH=$PATH:/usr/sbin:/sbin; exec debugfs -w -f \"$1\" \"$2\"",
                                "sh",
                                file.toString(),
                                image.toString()),
                        OutputStream::close);
            }
        } finally {
            run(List.of("rm", "-rf", "--", values.toString()), OutputStream::close);
        }
    }

    private static void addXattrs(
            FileNode node, String path, Path values, StringBuilder script, Map<FileNode, FileNode> seen)
            throws IOException {
        if (seen.putIfAbsent(node, node) != null) {
            return;
        }
        for (Map.Entry<String, byte[]> xattr : node.xattrs().entrySet()) {
            String name = path.isEmpty() ? "/" : path;
            if ((name + xattr.getKey()).matches("(?s).*[\"\\p{Cntrl}].*")) {
                throw new BadArchiveException("an extended attribute at '" + name + "', whose name debugfs cannot take");
            }
            Path value = Files.createTempFile(values, "v", "");
            Files.write(value, xattr.getValue());
            script.append("ea_set -f ").append(value).append(" \"").append(name).append("\" \"");
            script.append(xattr.getKey()).append("\"\n");
        }
        if (node.isDirectory()) {
            for (Map.Entry<String, FileNode.Child> child : node.children().entrySet()) {
                addXattrs(child.getValue().node(), path + "/" + child.getKey(), values, script, seen);
            }
        }
    }

    /** Writes what a program reads from stdin. */
    @FunctionalInterface
    private interface Input {
        void writeTo(OutputStream stdin) throws IOException;
    }

    private static void run(List<String> command, Input input) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new IOException(
                    command.get(0) + " is needed to make a disk of a tree: install it (apt-get install fakeroot)", e);
        }
        CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> text(process.getInputStream()));
        IOException unwritten = null;
        try {
            input.writeTo(new BufferedOutputStream(process.getOutputStream()));
        } catch (IOException e) {
            unwritten = e; // The program ended: what it said tells why.
        }
        try {
            if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("making a disk of a tree failed: " + said.get().strip(), unwritten);
            }
            if (unwritten != null) {
                throw unwritten;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new java.io.InterruptedIOException("interrupted while making a disk of a tree");
        } catch (ExecutionException e) {
            throw new IOException("making a disk of a tree failed", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String text(InputStream in) {
        try (in) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
