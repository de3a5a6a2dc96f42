package dev.stardust.cluster.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RaftIdentityTest {
    private static final UUID GROUP = new UUID(1, 2);
    private static final String GOLDEN =
            "5354445241464944" + "00000001" + "01" + "00000000000000010000000000000002" + "000000026e31" + "c309aef0";

    @TempDir
    Path dir;

    private RaftSettings settings(String peer, UUID group) {
        return RaftSettings.first(peer, "127.0.0.1:1", group, dir.resolve("raft"));
    }

    private void claimAndStart() throws IOException {
        RaftIdentity identity = RaftIdentity.claim(settings("n1", GROUP));
        Files.createDirectories(dir.resolve("raft").resolve(GROUP.toString()));
        identity.started();
    }

    private void refused(RaftSettings settings, String naming) {
        IOException e = assertThrows(IOException.class, () -> RaftIdentity.claim(settings));
        assertTrue(e.getMessage().contains(naming), e.getMessage());
    }

    @Test
    void theFileFormatDoesNotChangeUnnoticed() throws IOException {
        claimAndStart();
        assertEquals(
                GOLDEN, HexFormat.of().formatHex(Files.readAllBytes(dir.resolve("raft/" + RaftIdentity.FILE_NAME))));
    }

    @Test
    void theSamePeerComesBack() throws IOException {
        claimAndStart();
        RaftIdentity.claim(settings("n1", GROUP).existing());
        RaftIdentity.claim(settings("n1", GROUP));
    }

    @Test
    void aStartThatFailedBeforeTheLogWasMadeIsRepeated() throws IOException {
        RaftIdentity.claim(settings("n1", GROUP));
        RaftIdentity.claim(settings("n1", GROUP));
    }

    @Test
    void aMissingFolderOfAnExistingPeerIsRefused() {
        refused(settings("n1", GROUP).existing(), "new id");
        assertFalse(Files.exists(dir.resolve("raft")));
    }

    @Test
    void aLostLogIsRefusedEvenWhenNothingIsExpected() throws IOException {
        claimAndStart();
        Files.delete(dir.resolve("raft").resolve(GROUP.toString()));
        refused(settings("n1", GROUP), "lost the log");
        refused(settings("n1", GROUP).existing(), "lost the log");
    }

    @Test
    void aLogWithoutAnIdentityIsRefused() throws IOException {
        claimAndStart();
        Files.delete(dir.resolve("raft").resolve(RaftIdentity.FILE_NAME));
        refused(settings("n1", GROUP), "copied or damaged");
    }

    @Test
    void anotherPeersOrClustersFolderIsRefused() throws IOException {
        claimAndStart();
        refused(settings("n2", GROUP), "belongs to peer n1");
        refused(settings("n1", new UUID(3, 4)), "belongs to peer n1");
    }

    @Test
    void everyFlippedBitIsNoticed() throws IOException {
        claimAndStart();
        Path file = dir.resolve("raft").resolve(RaftIdentity.FILE_NAME);
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 0; i < bytes.length * 8; i++) {
            byte[] damaged = bytes.clone();
            damaged[i / 8] ^= (byte) (1 << (i % 8));
            Files.write(file, damaged);
            refused(settings("n1", GROUP), RaftIdentity.FILE_NAME);
        }
        for (int n = 0; n < bytes.length; n++) {
            Files.write(file, java.util.Arrays.copyOf(bytes, n));
            refused(settings("n1", GROUP), RaftIdentity.FILE_NAME);
        }
    }
}
