package dev.stardust.chunk.tree;

import dev.stardust.chunk.tree.FileNode.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.FileTime;
import java.util.IdentityHashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Writes a tree as one tar, without extended attributes: each directory before what is in it, no path through a link. */
final class TreeTar implements AutoCloseable {
    private final Spool spool;
    private final TarArchiveOutputStream out;
    private final Map<FileNode, String> written = new IdentityHashMap<>();

    TreeTar(Spool spool, OutputStream to) {
        this.spool = spool;
        out = new TarArchiveOutputStream(to, StandardCharsets.UTF_8.name());
        out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        out.setAddPaxHeadersForNonAsciiNames(true);
    }

    void write(FileTree tree) throws IOException {
        write("./", tree.root());
        out.finish();
    }

    private void write(String path, FileNode node) throws IOException {
        String first = written.putIfAbsent(node, path);
        if (first != null) {
            TarArchiveEntry link = new TarArchiveEntry(path, TarConstants.LF_LINK);
            link.setLinkName(first);
            put(link);
            return;
        }
        TarArchiveEntry entry = new TarArchiveEntry(path, type(node.kind()));
        entry.setMode(node.mode());
        entry.setUserId(node.uid());
        entry.setGroupId(node.gid());
        entry.setLastModifiedTime(FileTime.fromMillis(1000 * node.modifiedS()));
        switch (node.kind()) {
            case REGULAR -> {
                entry.setSize(node.sizeBytes());
                out.putArchiveEntry(entry);
                spool.copy(node.spoolAt(), node.sizeBytes(), out);
                out.closeArchiveEntry();
            }
            case SYMLINK -> {
                entry.setLinkName(node.target());
                put(entry);
            }
            case CHARACTER_DEVICE, BLOCK_DEVICE -> {
                entry.setDevMajor(node.major());
                entry.setDevMinor(node.minor());
                put(entry);
            }
            default -> put(entry);
        }
        if (node.isDirectory()) {
            for (Map.Entry<String, FileNode.Child> child : node.children().entrySet()) {
                FileNode next = child.getValue().node();
                write(path + child.getKey() + (next.isDirectory() ? "/" : ""), next);
            }
        }
    }

    private void put(TarArchiveEntry entry) throws IOException {
        out.putArchiveEntry(entry);
        out.closeArchiveEntry();
    }

    private static byte type(Kind kind) {
        return switch (kind) {
            case DIRECTORY -> TarConstants.LF_DIR;
            case REGULAR -> TarConstants.LF_NORMAL;
            case SYMLINK -> TarConstants.LF_SYMLINK;
            case CHARACTER_DEVICE -> TarConstants.LF_CHR;
            case BLOCK_DEVICE -> TarConstants.LF_BLK;
            case FIFO -> TarConstants.LF_FIFO;
        };
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
