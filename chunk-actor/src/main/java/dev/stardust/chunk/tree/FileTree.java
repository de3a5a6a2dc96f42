package dev.stardust.chunk.tree;

import dev.stardust.chunk.tree.FileNode.Kind;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A tree of files in memory, to which layers are applied one over the other. Every path is looked up within the tree: a
 * symbolic link on the way leads within it too, and nothing leads out of it.
 */
final class FileTree {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final int MAX_LINKS = 40;
    private static final int MAX_PATH = 4096;

    /** Directories in directories: a path over links may be deeper than any path in an archive. */
    private static final int MAX_DEPTH = 1024;

    private static final int MAX_NAME = 255;

    private final FileNode root = new FileNode(Kind.DIRECTORY);
    private int layer;
    private long files = 1;

    FileNode root() {
        return root;
    }

    /** Directories and names of files. */
    long files() {
        return files;
    }

    /** Takes the files of a tree. */
    @FunctionalInterface
    interface Visitor {
        void visit(String path, FileNode node) throws IOException;
    }

    /** Visits each name, a directory before what is in it, names in order; the root's path is empty. */
    void walk(Visitor visitor) throws IOException {
        walk("", root, visitor);
    }

    /** As {@link #walk(Visitor)}, but each file by its first name only. */
    void walkOnce(Visitor visitor) throws IOException {
        Set<FileNode> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        walk((path, node) -> {
            if (seen.add(node)) {
                visitor.visit(path, node);
            }
        });
    }

    private static void walk(String path, FileNode node, Visitor visitor) throws IOException {
        visitor.visit(path, node);
        if (node.isDirectory()) {
            for (Map.Entry<String, FileNode.Child> child : node.children().entrySet()) {
                String name = path.isEmpty() ? child.getKey() : path + "/" + child.getKey();
                walk(name, child.getValue().node(), visitor);
            }
        }
    }

    /** What is put from now on belongs to a further layer. */
    void nextLayer() {
        layer++;
    }

    /**
     * The parts of a path.
     *
     * @throws BadArchiveException when it is none of an archive
     */
    static List<String> parts(String path) throws BadArchiveException {
        if (path.length() > MAX_PATH || path.indexOf('\0') >= 0) {
            throw new BadArchiveException("a path of " + path.length() + " characters, or with a zero in it");
        }
        List<String> parts = new ArrayList<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                throw new BadArchiveException("the path '" + path + "' leads out of the archive");
            }
            if (part.length() > MAX_NAME) {
                throw new BadArchiveException("the path '" + path + "' has a name of " + part.length() + " characters");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return parts;
    }

    /** A path as a listing has it: its parts with a slash between them. */
    static String normal(String path) throws BadArchiveException {
        return String.join("/", parts(path));
    }

    /** Puts a file at a path, in place of what is there; directories on the way are made. Whiteouts remove. */
    void put(String path, FileNode node) throws BadArchiveException {
        List<String> parts = parts(path);
        if (parts.isEmpty()) {
            if (!node.isDirectory()) {
                throw new BadArchiveException("the root is no directory");
            }
            root.becomeLike(node);
            return;
        }
        String name = parts.get(parts.size() - 1);
        FileNode parent = directory(parts.subList(0, parts.size() - 1));
        if (name.equals(OPAQUE)) {
            removeLower(parent);
        } else if (name.startsWith(WHITEOUT)) {
            FileNode.Child there = parent.children().get(name.substring(WHITEOUT.length()));
            if (there != null && there.layer() < layer) {
                parent.children().remove(name.substring(WHITEOUT.length()));
            }
        } else {
            put(parent, name, node);
        }
    }

    private void put(FileNode parent, String name, FileNode node) {
        FileNode.Child there = parent.children().get(name);
        boolean merged = there != null && there.node().isDirectory() && node.isDirectory();
        if (merged) {
            there.node().becomeLike(node);
        } else {
            files++;
        }
        parent.children().put(name, new FileNode.Child(merged ? there.node() : node, layer));
    }

    /** Puts one more name for a file that is there. */
    void link(String path, String target) throws BadArchiveException {
        List<String> parts = parts(target);
        FileNode.Child linked = parts.isEmpty()
                ? null
                : directory(parts.subList(0, parts.size() - 1)).children().get(parts.get(parts.size() - 1));
        if (linked == null || linked.node().isDirectory()) {
            throw new BadArchiveException("'" + path + "' is a link to '" + target + "', which is no file before it");
        }
        List<String> own = parts(path);
        if (own.isEmpty()) {
            throw new BadArchiveException("the root is no directory");
        }
        FileNode parent = directory(own.subList(0, own.size() - 1));
        parent.children().put(own.get(own.size() - 1), new FileNode.Child(linked.node(), layer));
        files++;
    }

    /** Removes what lower layers have put into a directory. */
    private void removeLower(FileNode directory) {
        directory.children().values().removeIf(child -> child.layer() < layer);
        directory.children().values().stream()
                .map(FileNode.Child::node)
                .filter(FileNode::isDirectory)
                .forEach(this::removeLower);
    }

    /** The directory at a path, symbolic links followed within the tree; made as far as it is not there. */
    private FileNode directory(List<String> path) throws BadArchiveException {
        Deque<String> ahead = new ArrayDeque<>(path);
        Deque<FileNode> way = new ArrayDeque<>(List.of(root));
        int links = 0;
        while (!ahead.isEmpty()) {
            String part = ahead.pop();
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            if (part.equals("..")) {
                if (way.size() > 1) {
                    way.pop();
                }
                continue;
            }
            FileNode.Child child = way.peek().children().get(part);
            FileNode next = child == null ? null : child.node();
            if (next != null && next.kind() == Kind.SYMLINK) {
                if (++links > MAX_LINKS) {
                    throw new BadArchiveException("the path " + path + " goes over more than " + MAX_LINKS + " links");
                }
                if (next.target().startsWith("/")) {
                    way.clear();
                    way.push(root);
                }
                List<String> target = List.of(next.target().split("/", -1));
                for (int i = target.size() - 1; i >= 0; i--) {
                    ahead.push(target.get(i));
                }
                continue;
            }
            if (next == null || !next.isDirectory()) {
                next = new FileNode(Kind.DIRECTORY);
                put(way.peek(), part, next);
            }
            if (way.size() == MAX_DEPTH) {
                throw new BadArchiveException("there are more than " + MAX_DEPTH + " directories in each other");
            }
            way.push(next);
        }
        return way.peek();
    }
}
