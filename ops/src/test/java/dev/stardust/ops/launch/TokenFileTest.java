package dev.stardust.ops.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.cluster.protocol.ClusterException;
import dev.stardust.cluster.protocol.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenFileTest {
    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void choose() {
        file = folder.resolve("token");
    }

    @Test
    void aTokenIsMadeOnceForItsOwnerAlone() throws IOException {
        String token = TokenFile.loadOrCreate(file);
        assertTrue(token.matches("[0-9a-f]{48}"), token);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(token, TokenFile.loadOrCreate(file));
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList(), "nothing else is left");
        }
    }

    @Test
    void anEmptyTokenIsRefusedSinceItWouldLetAnybodyIn() throws IOException {
        TokenFile.loadOrCreate(file);
        Files.writeString(file, " \n");
        assertRefused("is empty");
    }

    @Test
    void aTokenThatOthersMayReadIsRefused() throws IOException {
        TokenFile.loadOrCreate(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertRefused("chmod 600");
    }

    private void assertRefused(String word) {
        ClusterException e = assertThrows(ClusterException.class, () -> TokenFile.loadOrCreate(file));
        assertEquals(ErrorCode.REFUSED, e.code());
        assertTrue(e.getMessage().contains(word), e.getMessage());
    }
}
