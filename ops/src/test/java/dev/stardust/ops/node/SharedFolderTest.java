package dev.stardust.ops.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFolderTest {
    @TempDir
    Path dir;

    private Path memory;

    @BeforeEach
    void makeFolders() throws IOException {
        memory = Files.createDirectory(dir.resolve("memory"));
        Files.createDirectory(dir.resolve("a"));
        Files.createDirectory(dir.resolve("b"));
    }

    private List<Path> folders() throws IOException {
        try (Stream<Path> all = Files.list(memory)) {
            return all.sorted().toList();
        }
    }

    @Test
    void eachNodeHasOneThatItsLinkLeadsToAndThatGoesWithIt() throws IOException {
        try (SharedFolder a = SharedFolder.make(dir.resolve("a"), memory);
                SharedFolder b = SharedFolder.make(dir.resolve("b"), memory)) {
            assertNotEquals(a.path(), b.path());
            Files.writeString(a.path().resolve("x.disk"), "x");
            assertEquals("x", Files.readString(dir.resolve("a/shared/x.disk")));
            assertFalse(Files.exists(dir.resolve("b/shared/x.disk")));
        }
        assertEquals(List.of(), folders());
        assertFalse(Files.isSymbolicLink(dir.resolve("a/shared")));
    }

    @Test
    void whatANodeThatWasKilledLeftGoesWithItsNextStartOrThatOfAnotherOnceItsDataIsGone() throws IOException {
        SharedFolder killed = SharedFolder.make(dir.resolve("a"), memory);
        Files.writeString(killed.path().resolve("x.disk"), "x");
        try (SharedFolder other = SharedFolder.make(dir.resolve("b"), memory)) {
            assertTrue(Files.exists(killed.path().resolve("x.disk")), "its node may be running");
            assertNotEquals(killed.path(), other.path());
        }
        SharedFolder again = SharedFolder.make(dir.resolve("a"), memory);
        assertEquals(killed.path(), again.path());
        assertFalse(Files.exists(again.path().resolve("x.disk")));

        SharedFolder.removeLeft(dir.resolve("a"));
        SharedFolder.removeLeft(dir.resolve("a"));
        assertEquals(List.of(), folders());
        SharedFolder.make(dir.resolve("a"), memory);
        Files.delete(dir.resolve("a/shared"));
        Files.delete(dir.resolve("a"));
        Files.createDirectory(memory.resolve("stardust-being-made"));
        SharedFolder.make(dir.resolve("b"), memory).close();
        assertEquals(List.of(memory.resolve("stardust-being-made")), folders());
    }
}
