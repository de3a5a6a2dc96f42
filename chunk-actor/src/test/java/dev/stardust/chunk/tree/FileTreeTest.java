package dev.stardust.chunk.tree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.stardust.chunk.tree.FileNode.Kind;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FileTreeTest {
    private final FileTree tree = new FileTree();

    private FileNode file(String path) throws BadArchiveException {
        FileNode node = new FileNode(Kind.REGULAR);
        tree.put(path, node);
        return node;
    }

    private void directory(String path, int mode) throws BadArchiveException {
        tree.put(path, new FileNode(Kind.DIRECTORY).owned(mode, 0, 0, 0));
    }

    private void symlink(String path, String target) throws BadArchiveException {
        tree.put(path, new FileNode(Kind.SYMLINK).to(target));
    }

    /** All paths, sorted; directories end in a slash. */
    private String paths() {
        StringBuilder all = new StringBuilder();
        add(all, "", tree.root());
        return all.toString().strip();
    }

    private static void add(StringBuilder all, String path, FileNode node) {
        for (Map.Entry<String, FileNode.Child> child : node.children().entrySet()) {
            FileNode next = child.getValue().node();
            String name = path + child.getKey() + (next.isDirectory() ? "/" : "");
            all.append(name).append(' ');
            if (next.isDirectory()) {
                add(all, name, next);
            }
        }
    }

    @Test
    void layersLieOverEachOther() throws BadArchiveException {
        tree.nextLayer();
        file("etc/a");
        file("./etc/b");
        file("/usr/bin/c");
        tree.nextLayer();
        FileNode newer = file("etc/b");
        assertEquals("etc/ etc/a etc/b usr/ usr/bin/ usr/bin/c", paths());
        assertSame(
                newer,
                tree.root().children().get("etc").node().children().get("b").node());
    }

    @Test
    void whiteoutsRemoveWhatLowerLayersHave() throws BadArchiveException {
        tree.nextLayer();
        file("etc/a");
        file("etc/deep/b");
        file("opt/x/y");
        tree.nextLayer();
        file("etc/.wh.a");
        file("etc/.wh.deep");
        file("opt/z");
        file("opt/.wh..wh..opq");
        file("etc/.wh.never");
        assertEquals("etc/ opt/ opt/z", paths());
    }

    @Test
    void whiteoutsLeaveWhatTheirOwnLayerHas() throws BadArchiveException {
        tree.nextLayer();
        file("d/old");
        tree.nextLayer();
        file("d/sub/new");
        file("d/.wh.sub");
        file("d/.wh..wh..opq");
        assertEquals("d/ d/sub/ d/sub/new", paths());
    }

    @Test
    void aDirectoryKeepsWhatIsInItAndAFileInItsPlaceDoesNot() throws BadArchiveException {
        tree.nextLayer();
        directory("d", 0755);
        file("d/a");
        tree.nextLayer();
        directory("d", 0700);
        assertEquals("d/ d/a", paths());
        assertEquals(0700, tree.root().children().get("d").node().mode());
        file("d");
        assertEquals("d", paths());
        directory("d", 0755);
        assertEquals("d/", paths());
    }

    @Test
    void pathsOverLinksStayInTheTree() throws BadArchiveException {
        tree.nextLayer();
        symlink("abs", "/etc");
        symlink("up", "../../../..");
        symlink("usr/lib", "../lib64/./x");
        tree.nextLayer();
        file("abs/passwd");
        file("up/escaped");
        file("usr/lib/so");
        assertEquals("abs escaped etc/ etc/passwd lib64/ lib64/x/ lib64/x/so up usr/ usr/lib", paths());
    }

    @Test
    void pathsThatLeadOutAndEndlessLinksAreRefused() throws BadArchiveException {
        tree.nextLayer();
        symlink("loop", "loop");
        assertThrows(BadArchiveException.class, () -> file("loop/x"));
        for (String path : List.of("../x", "a/../../x", "a/..", "x\0y", "n".repeat(300), "a/".repeat(3000))) {
            assertThrows(BadArchiveException.class, () -> file(path), path);
        }
        assertThrows(BadArchiveException.class, () -> file("/"));
    }

    @Test
    void hardLinksAreNamesOfOneFile() throws BadArchiveException {
        tree.nextLayer();
        FileNode node = file("a");
        tree.nextLayer();
        tree.link("d/b", "./a");
        assertSame(
                node, tree.root().children().get("d").node().children().get("b").node());
        assertThrows(BadArchiveException.class, () -> tree.link("c", "nothing"));
        assertThrows(BadArchiveException.class, () -> tree.link("c", "d"));
        file(".wh.a");
        assertEquals("d/ d/b", paths());
    }
}
