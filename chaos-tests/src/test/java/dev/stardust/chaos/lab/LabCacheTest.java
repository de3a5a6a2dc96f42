package dev.stardust.chaos.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LabCacheTest {
    @TempDir
    Path folder;

    private LabCache cache() {
        return new LabCache(folder.resolve("cache"));
    }

    private List<String> entries() throws IOException {
        try (Stream<Path> list = Files.list(folder.resolve("cache"))) {
            return list.map(f -> f.getFileName().toString()).toList();
        }
    }

    private static void makeFolder(Path path) throws IOException {
        Files.createDirectory(path);
        Files.writeString(path.resolve("content"), "made");
    }

    @Test
    void anEntryIsMadeOnce() throws IOException {
        Path entry = cache().get("a", LabCacheTest::makeFolder);
        assertEquals(entry, cache().get("a", path -> {
            throw new IOException("made again");
        }));
        assertEquals("made", Files.readString(entry.resolve("content")));
        assertEquals(List.of("a"), entries());
    }

    @Test
    void aFailureLeavesNothing() throws IOException {
        assertThrows(IOException.class, () -> cache().get("a", path -> {
            makeFolder(path);
            throw new IOException("half done");
        }));
        assertEquals(List.of(), entries());
    }

    @Test
    void whoIsSecondTakesTheFirstOnesEntry() throws IOException {
        Path entry = cache().get("a", path -> {
            makeFolder(path);
            Path other = cache().get("a", LabCacheTest::makeFolder);
            Files.writeString(other.resolve("content"), "by the other");
        });
        assertEquals("by the other", Files.readString(entry.resolve("content")));
        assertEquals(List.of("a"), entries());
    }

    @Test
    void theDigestIsOfTextsNamesAndContents() throws IOException {
        Path a = Files.writeString(folder.resolve("x"), "1");
        Path b = Files.writeString(Files.createDirectory(folder.resolve("d")).resolve("x"), "2");
        String digest = LabCache.digest(List.of("t"), List.of(a));
        assertEquals(digest, LabCache.digest(List.of("t"), List.of(a)));
        assertNotEquals(digest, LabCache.digest(List.of("t"), List.of(b)));
        assertNotEquals(digest, LabCache.digest(List.of("u"), List.of(a)));
    }
}
