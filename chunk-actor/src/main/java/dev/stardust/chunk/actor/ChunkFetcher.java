package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.chunk.store.ChunkSource;
import dev.stardust.cluster.protocol.Causes;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings chunks to this host's store: from its owners, else from whoever has them. Changes of the ring do not move
 * chunks yet, so all members are asked before a chunk is given up.
 *
 * <p>Every chunk is checked against its id. An owner that lacked a chunk, or sent a damaged one, is offered the good one
 * afterwards.
 */
public final class ChunkFetcher implements ChunkSource {
    private static final Logger LOG = LoggerFactory.getLogger(ChunkFetcher.class);

    private final ChunkNode node;

    ChunkFetcher(ChunkNode node) {
        this.node = node;
    }

    /**
     * Brings those that are not here; never blocks. Completes when all are in the local store, on disk.
     *
     * @return fails with {@link ChunkTransferException}, which names a chunk and the hosts that were asked, or with the
     *     store's IOException
     */
    public CompletionStage<FetchReport> fetch(Collection<ChunkId> ids) {
        return new FetchJob(node, ids, true, node.local()::write).run();
    }

    /** One chunk's bytes, from here or from elsewhere, in which case it is here afterwards; blocks. */
    @Override
    public byte[] fetch(ChunkId id) throws IOException {
        Optional<byte[]> here = readHere(id);
        if (here.isPresent()) {
            return here.get();
        }
        AtomicReference<byte[]> raw = new AtomicReference<>();
        CompletableFuture<FetchReport> fetching =
                new FetchJob(node, List.of(id), false, chunk -> raw.set(keep(chunk))).run();
        try {
            fetching.join();
            return raw.get();
        } catch (CompletionException e) {
            throw new IOException(Causes.text(e), Causes.of(e));
        }
    }

    private byte[] keep(StoredChunk chunk) throws IOException {
        byte[] raw = ChunkCodec.decode(chunk);
        node.local().write(chunk);
        return raw;
    }

    private Optional<byte[]> readHere(ChunkId id) throws IOException {
        try {
            return node.local().store().get(id);
        } catch (CorruptChunkException e) {
            LOG.warn("asking other hosts for a damaged chunk: {}", e.getMessage());
            return Optional.empty();
        }
    }
}
