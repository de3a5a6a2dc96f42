package dev.stardust.chunk.tree;

import dev.stardust.chunk.tree.FileNode.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Applies a tar to a {@link FileTree}: ustar, GNU or pax, with extended attributes. */
final class TarLayer {
    private static final long MAX_FILES = 20_000_000;

    private final FileTree tree;
    private final Spool spool;

    TarLayer(FileTree tree, Spool spool) {
        this.tree = tree;
        this.spool = spool;
    }

    /**
     * Reads a tar to its end.
     *
     * @param name for errors
     * @throws BadArchiveException when it is no tar, damaged, or leads out of its tree
     */
    void apply(String name, InputStream tar) throws IOException {
        tree.nextLayer();
        HeaderTap tap = new HeaderTap(tar);
        TarArchiveInputStream in = new TarArchiveInputStream(tap, StandardCharsets.UTF_8.name());
        String at = "its beginning";
        try {
            tap.begin();
            for (TarArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                at = "'" + e.getName() + "', before byte " + in.getBytesRead();
                if (tree.files() > MAX_FILES) {
                    throw new BadArchiveException("it has more than " + MAX_FILES + " files");
                }
                apply(e, in, tap.paxRecords());
                in.transferTo(OutputStream.nullOutputStream());
                tap.begin();
            }
            if (!tap.keptTheEnd()) {
                throw new BadArchiveException("no end of a tar follows: was it cut short?");
            }
        } catch (BadArchiveException e) {
            throw new BadArchiveException(name + ", " + at + ": " + e.getMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            throw new BadArchiveException(name + " is damaged at " + at + ": " + e.getMessage(), e);
        }
    }

    private void apply(TarArchiveEntry e, TarArchiveInputStream in, byte[] pax) throws IOException {
        if (e.isLink()) {
            tree.link(e.getName(), e.getLinkName());
        } else if (e.isDirectory()) {
            tree.put(e.getName(), describe(new FileNode(Kind.DIRECTORY), e, pax));
        } else if (e.isSymbolicLink()) {
            tree.put(e.getName(), describe(new FileNode(Kind.SYMLINK), e, pax).to(e.getLinkName()));
        } else if (e.isCharacterDevice() || e.isBlockDevice()) {
            Kind kind = e.isBlockDevice() ? Kind.BLOCK_DEVICE : Kind.CHARACTER_DEVICE;
            tree.put(e.getName(), describe(new FileNode(kind), e, pax).device(e.getDevMajor(), e.getDevMinor()));
        } else if (e.isFIFO()) {
            tree.put(e.getName(), describe(new FileNode(Kind.FIFO), e, pax));
        } else if (e.isFile() || e.isSparse()) {
            tree.put(e.getName(), describe(new FileNode(Kind.REGULAR), e, pax).with(spool.append(in)));
        } else if (!e.isGlobalPaxHeader()) {
            throw new BadArchiveException("a file of the unknown kind " + e.getLinkFlag());
        }
    }

    private static FileNode describe(FileNode node, TarArchiveEntry e, byte[] pax) throws BadArchiveException {
        PaxRecords.addXattrs(node.xattrs(), pax);
        return node.owned(
                e.getMode(),
                e.getLongUserId(),
                e.getLongGroupId(),
                Math.floorDiv(e.getLastModifiedTime().toMillis(), 1000));
    }
}
