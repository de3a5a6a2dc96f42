package dev.stardust.chunk.tree;

import static dev.stardust.chunk.tree.Ext4Look.look;
import static dev.stardust.chunk.tree.Ext4Look.output;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.manifest.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ext4Test {
    @TempDir
    Path dir;

    @Test
    void aFolderBecomesAFileSystemThatHoldsIt() throws Exception {
        Path tree = Files.createDirectories(dir.resolve("tree"));
        Files.createDirectories(tree.resolve("etc/deep"));
        Files.writeString(tree.resolve("etc/hello"), "hello\n");
        Files.createLink(tree.resolve("etc/deep/again"), tree.resolve("etc/hello"));
        Files.createSymbolicLink(tree.resolve("link"), Path.of("/etc/hello"));
        Files.write(tree.resolve("large"), new byte[5 << 20]);
        Files.setPosixFilePermissions(tree.resolve("etc/hello"), PosixFilePermissions.fromString("rwxr-x---"));
        Path image = dir.resolve("image");
        try (LocalStore store = LocalStore.open(dir.resolve("store"))) {
            store.importFile("tree", tree, false, Progress.NONE);
            store.export("tree", image, Progress.NONE);
            assertNothingLeft();
        }
        output("e2fsck", "-fn", image.toString());
        assertEquals("hello\n", look(image, "cat /etc/deep/again"));
        String hello = look(image, "stat /etc/hello");
        assertTrue(hello.contains("Mode:  0750") && hello.contains("Links: 2"), hello);
        assertTrue(look(image, "stat /link").contains("Fast link dest: \"/etc/hello\""));
        assertEquals(5 << 20, look(image, "cat /large").length());
    }

    private void assertNothingLeft() throws IOException {
        try (Stream<Path> left = Files.list(dir.resolve("store/tmp"))) {
            assertEquals(List.of(), left.toList());
        }
    }
}
