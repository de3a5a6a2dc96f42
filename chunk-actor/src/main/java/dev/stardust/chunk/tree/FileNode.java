package dev.stardust.chunk.tree;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A file of a tree, of whatever kind, as an inode is one: several names may lead to it. */
final class FileNode {
    /** Kinds of files, with the type bits of {@code st_mode}. */
    enum Kind {
        DIRECTORY("d"),
        REGULAR("f"),
        SYMLINK("l"),
        CHARACTER_DEVICE("c"),
        BLOCK_DEVICE("b"),
        FIFO("p");

        private final String letter;

        Kind(String letter) {
            this.letter = letter;
        }

        /** As {@code find -type} has it. */
        String letter() {
            return letter;
        }

        static Kind of(String letter) throws BadArchiveException {
            for (Kind kind : values()) {
                if (kind.letter.equals(letter)) {
                    return kind;
                }
            }
            throw new BadArchiveException("a file of the unknown kind '" + letter + "'");
        }
    }

    private final Kind kind;
    private final TreeMap<String, Child> children;
    private final Map<String, byte[]> xattrs = new LinkedHashMap<>();
    private int mode = 0755;
    private long uid;
    private long gid;
    private long modifiedS;

    /** Of a symbolic link. */
    private String target = "";

    /** Of a regular file. */
    private Content content = Content.NONE;

    /** Of a device. */
    private int major;

    private int minor;

    FileNode(Kind kind) {
        this.kind = kind;
        children = kind == Kind.DIRECTORY ? new TreeMap<>() : null;
    }

    Kind kind() {
        return kind;
    }

    boolean isDirectory() {
        return kind == Kind.DIRECTORY;
    }

    /**
     * A name in a directory.
     *
     * @param layer which layer has put it there
     */
    record Child(FileNode node, int layer) {}

    /** Of a directory: what is in it, by name. */
    SortedMap<String, Child> children() {
        return children;
    }

    Map<String, byte[]> xattrs() {
        return xattrs;
    }

    int mode() {
        return mode;
    }

    long uid() {
        return uid;
    }

    long gid() {
        return gid;
    }

    long modifiedS() {
        return modifiedS;
    }

    /** Sets what every file has; modes without the bits of the type. */
    FileNode owned(int newMode, long newUid, long newGid, long newModifiedS) {
        mode = newMode & 07777;
        uid = newUid;
        gid = newGid;
        modifiedS = newModifiedS;
        return this;
    }

    String target() {
        return target;
    }

    FileNode to(String newTarget) {
        target = newTarget;
        return this;
    }

    Content content() {
        return content;
    }

    FileNode with(Content newContent) {
        content = newContent;
        return this;
    }

    int major() {
        return major;
    }

    int minor() {
        return minor;
    }

    FileNode device(int newMajor, int newMinor) {
        major = newMajor;
        minor = newMinor;
        return this;
    }

    /** Takes over what another directory is, but for what is in it. */
    void becomeLike(FileNode other) {
        owned(other.mode, other.uid, other.gid, other.modifiedS);
        xattrs.clear();
        xattrs.putAll(other.xattrs);
    }
}
