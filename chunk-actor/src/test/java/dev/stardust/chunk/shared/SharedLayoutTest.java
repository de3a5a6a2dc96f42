package dev.stardust.chunk.shared;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.stardust.chunk.chunk.ChunkId;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SharedLayoutTest {
    @Test
    void headerAndPlacesAreTheGoldenOnes() {
        SharedLayout layout = new SharedLayout(new ChunkId(1, 2, 3, 4), 1_000_000, 40_000);
        ByteBuffer header = layout.header();
        byte[] bytes = new byte[header.capacity()];
        header.get(0, bytes);
        assertEquals(
                "5344534841524531" + "40420f0000000000" + "409c000000000000" + new ChunkId(1, 2, 3, 4),
                HexFormat.of().formatHex(bytes));
        assertEquals(4096, layout.presentAt());
        assertEquals(4096 + 8192, layout.dataAt());
        assertEquals(4096 + 8192 + 1_003_520, layout.fileBytes());
        assertEquals(Path.of("/x", new ChunkId(1, 2, 3, 4) + ".disk"), layout.file(Path.of("/x")));
    }
}
