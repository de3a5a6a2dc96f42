package dev.stardust.chunk.tree;

import dev.stardust.chunk.tree.FileNode.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.FileTime;
import java.util.IdentityHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Writes a tar, file by file, or of a whole tree: each directory before what is in it, no path through a link. */
final class TreeTar implements AutoCloseable {
    /** An entry that is given none has the present time, to the nanosecond, in a pax header of its own. */
    private static final FileTime NO_TIME = FileTime.from(0, TimeUnit.SECONDS);

    private final TarArchiveOutputStream out;
    private final boolean xattrs;

    /**
     * A tar to be written.
     *
     * @param xattrs whether with extended attributes
     */
    TreeTar(OutputStream to, boolean xattrs) {
        this.xattrs = xattrs;
        out = new TarArchiveOutputStream(to, StandardCharsets.UTF_8.name());
        out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        out.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
        out.setAddPaxHeadersForNonAsciiNames(true);
    }

    /** Writes all of a tree. */
    void write(FileTree tree) throws IOException {
        IdentityHashMap<FileNode, String> written = new IdentityHashMap<>();
        tree.walk((path, node) -> {
            String first = written.putIfAbsent(node, path);
            if (first == null) {
                write(path, node);
            } else {
                link(path, first);
            }
        });
    }

    /** Writes one more name of a file that was written. */
    void link(String path, String first) throws IOException {
        TarArchiveEntry link = new TarArchiveEntry(name(path, false), TarConstants.LF_LINK);
        link.setLinkName(name(first, false));
        link.setLastModifiedTime(NO_TIME);
        put(link, Content.NONE);
    }

    /** Writes a file; the root's path is empty. */
    void write(String path, FileNode node) throws IOException {
        String name = name(path, node.isDirectory());
        boolean ownHeader = xattrs && !node.xattrs().isEmpty();
        if (ownHeader) {
            putHeader(name, node);
        }
        TarArchiveEntry entry = new TarArchiveEntry(ownHeader ? "./-" : name, type(node.kind()));
        entry.setMode(node.mode());
        entry.setUserId(ownHeader ? 0 : node.uid());
        entry.setGroupId(ownHeader ? 0 : node.gid());
        entry.setLastModifiedTime(ownHeader ? NO_TIME : FileTime.from(node.modifiedS(), TimeUnit.SECONDS));
        entry.setLinkName(ownHeader ? "" : node.target());
        entry.setDevMajor(node.major());
        entry.setDevMinor(node.minor());
        entry.setSize(node.content().sizeBytes());
        // A file has one pax header: where it is ours, the library must not need one.
        out.setBigNumberMode(
                ownHeader ? TarArchiveOutputStream.BIGNUMBER_STAR : TarArchiveOutputStream.BIGNUMBER_POSIX);
        put(entry, node.content());
    }

    /** All of a file that a pax header can hold: the library takes values of text only. */
    private void putHeader(String name, FileNode node) throws IOException {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        records.writeBytes(PaxRecords.of("path", name));
        if (!node.target().isEmpty()) {
            records.writeBytes(PaxRecords.of("linkpath", node.target()));
        }
        records.writeBytes(PaxRecords.of("uid", node.uid()));
        records.writeBytes(PaxRecords.of("gid", node.gid()));
        records.writeBytes(PaxRecords.of("mtime", node.modifiedS()));
        node.xattrs().forEach((key, value) -> records.writeBytes(PaxRecords.xattr(key, value)));
        TarArchiveEntry header = new TarArchiveEntry("./PaxHeaders/-", TarConstants.LF_PAX_EXTENDED_HEADER_LC);
        header.setLastModifiedTime(NO_TIME);
        header.setSize(records.size());
        out.putArchiveEntry(header);
        records.writeTo(out);
        out.closeArchiveEntry();
    }

    private static String name(String path, boolean directory) {
        return "./" + path + (directory && !path.isEmpty() ? "/" : "");
    }

    private void put(TarArchiveEntry entry, Content content) throws IOException {
        out.putArchiveEntry(entry);
        content.copyTo(out);
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

    /** Ends the tar, and what it is written to. */
    @Override
    public void close() throws IOException {
        out.close();
    }
}
