package dev.stardust.chunk.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.chunk.store.ChunkStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.BehaviorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkShardTest {
    private static final byte[] RAW = {1, 2, 3};
    private static final ChunkId ID = Blake3.hash(RAW);

    @TempDir
    private Path folder;

    private ChunkStore store;
    private BehaviorTestKit<ChunkShard.Command> shard;
    private final TestInbox<ChunkShard.Answer> answers = TestInbox.create();

    @BeforeEach
    void open() throws IOException {
        store = ChunkStore.open(folder);
        shard = BehaviorTestKit.create(ChunkShard.create(new LocalChunks(store), 3));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private static StoredChunk chunk(ChunkId id) {
        return new StoredChunk(id, RAW.length, false, ByteBuffer.wrap(RAW));
    }

    @Test
    void whatIsWrittenIsRead() {
        shard.run(new ChunkShard.FindLacking(1, 3, List.of(ID), answers.getRef()));
        assertEquals(new ChunkShard.Done(1, List.of(), List.of(ID)), answers.receiveMessage());
        shard.run(new ChunkShard.Write(2, 3, List.of(chunk(ID)), answers.getRef()));
        assertEquals(new ChunkShard.Done(2, List.of(), List.of()), answers.receiveMessage());
        shard.run(new ChunkShard.Read(3, 3, List.of(ID, ChunkId.ZERO), answers.getRef()));
        ChunkShard.Done read = (ChunkShard.Done) answers.receiveMessage();
        assertEquals(List.of(ChunkId.ZERO), read.lacking());
        assertEquals(ByteBuffer.wrap(RAW), read.chunks().get(0).bytes());
    }

    @Test
    void anotherEpochIsRefusedWithThePresentOne() throws IOException {
        shard.run(new ChunkShard.Write(1, 2, List.of(chunk(ID)), answers.getRef()));
        assertEquals(new ChunkShard.Refused(1, 3), answers.receiveMessage());
        shard.run(new ChunkShard.Read(2, 4, List.of(ID), answers.getRef()));
        assertEquals(new ChunkShard.Refused(2, 3), answers.receiveMessage());
        assertEquals(false, store.contains(ID));
        shard.run(new ChunkShard.NewEpoch(4));
        shard.run(new ChunkShard.Read(3, 4, List.of(ID), answers.getRef()));
        assertTrue(answers.receiveMessage() instanceof ChunkShard.Done);
    }

    @Test
    void aChunkThatIsNotItsIdIsRefused() throws IOException {
        ChunkId wrong = new ChunkId(1, 2, 3, 4);
        shard.run(new ChunkShard.Write(1, 3, List.of(chunk(wrong)), answers.getRef()));
        ChunkShard.Failed failed = (ChunkShard.Failed) answers.receiveMessage();
        assertTrue(failed.reason().contains(wrong.hex()), failed.reason());
        assertEquals(false, store.contains(wrong));
    }
}
