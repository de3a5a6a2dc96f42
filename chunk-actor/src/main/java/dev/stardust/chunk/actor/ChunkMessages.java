package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.WireTypes;
import dev.stardust.cluster.stream.StreamSession;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What the chunk actors of two hosts tell each other; the chunks themselves travel over streams. Requests name the host
 * that asks and are answered to that host's {@link ChunkShards} under the same request id.
 */
public sealed interface ChunkMessages extends ClusterMessage, ChunkShards.Command {
    /** Chunks of one request at most: with the largest chunks 4 MiB. */
    int BATCH_CHUNKS = 64;

    /** Chosen by who asks, unique on that host. */
    long requestId();

    /** A request of another host. */
    sealed interface Request extends ChunkMessages {
        String from();
    }

    /** An answer to a request. */
    sealed interface Reply extends ChunkMessages {}

    /** Asks for the receiving end of a stream of chunks, which replaces the one that this host had before. */
    record OpenStream(String from, long requestId) implements Request {}

    /** Answers {@link OpenStream}. */
    record StreamOpened(long requestId, StreamSession session) implements Reply {}

    /**
     * Asks for chunks, to be sent on the stream from the asked to the asking host.
     *
     * @param epoch of the ring by which the host was chosen
     * @param ids see {@link #pack}
     * @param anywhere also what the host holds of shards that it does not own
     */
    record GetChunks(String from, long requestId, long epoch, byte[] ids, boolean anywhere) implements Request {}

    /** Answers {@link GetChunks} after the chunks were sent: all but these. */
    record ChunksSent(long requestId, byte[] missing) implements Reply {}

    /**
     * Offers chunks.
     *
     * @param anywhere to be taken even if the host does not own their shards: it stands in for an owner
     */
    record PutChunks(String from, long requestId, long epoch, byte[] ids, boolean anywhere) implements Request {}

    /** First answer to {@link PutChunks}: the host waits for these on the stream from the asking host. */
    record ChunksWanted(long requestId, byte[] ids) implements Reply {}

    /** Last answer to {@link PutChunks}: all offered chunks are on disk. */
    record ChunksStored(long requestId) implements Reply {}

    /** The request's ring is not the present one. */
    record WrongEpoch(long requestId, long current) implements Reply {}

    /**
     * The request cannot be served.
     *
     * @param busy at this moment: ask again
     */
    record RequestFailed(long requestId, String reason, boolean busy) implements Reply {}

    /** Enters these types into a node's table. */
    static WireTypes register(WireTypes types) {
        return types.register("chunk.open-stream", 1, OpenStream.class)
                .register("chunk.stream-opened", 1, StreamOpened.class)
                .register("chunk.get", 1, GetChunks.class)
                .register("chunk.sent", 1, ChunksSent.class)
                .register("chunk.put", 1, PutChunks.class)
                .register("chunk.wanted", 1, ChunksWanted.class)
                .register("chunk.stored", 1, ChunksStored.class)
                .register("chunk.wrong-epoch", 1, WrongEpoch.class)
                .register("chunk.failed", 1, RequestFailed.class);
    }

    /** Ids one after another, 32 bytes each. */
    static byte[] pack(Collection<ChunkId> ids) {
        ByteBuffer packed = ByteBuffer.allocate(ids.size() * ChunkId.BYTES);
        int at = 0;
        for (ChunkId id : ids) {
            id.put(packed, at);
            at += ChunkId.BYTES;
        }
        return packed.array();
    }

    /**
     * Reads what {@link #pack} wrote.
     *
     * @throws IllegalArgumentException if these are no whole ids, or more than {@link #BATCH_CHUNKS}
     */
    static List<ChunkId> unpack(byte[] packed) {
        if (packed == null || packed.length % ChunkId.BYTES != 0 || packed.length > BATCH_CHUNKS * ChunkId.BYTES) {
            throw new IllegalArgumentException("a request holds up to " + BATCH_CHUNKS + " ids of " + ChunkId.BYTES
                    + " bytes, not " + (packed == null ? "none" : packed.length + " bytes"));
        }
        ByteBuffer buffer = ByteBuffer.wrap(packed);
        List<ChunkId> ids = new ArrayList<>();
        for (int at = 0; at < packed.length; at += ChunkId.BYTES) {
            ids.add(ChunkId.get(buffer, at));
        }
        return ids;
    }
}
