package dev.stardust.chunk.actor;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.StoredChunk;
import dev.stardust.cluster.stream.PayloadWriter;
import java.nio.ByteBuffer;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A chunk as the payload of a stream's frame. Little-endian, but for the id.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +---------------------------------------------------------------+
 *  0                  id of the request                            |
 *  |                                                               |
 *  +---------------------------------------------------------------+
 *  8                  chunk id, 32 bytes                           |
 *  |                                                             ...
 *  +---------------------------------------------------------------+
 * 40                  raw length, 1 to 65536                       |
 *  +---------------+-----------------------------------------------+
 * 44   1 if zstd   |                  zero                         |
 *  +---------------+-----------------------------------------------+
 * 48   the chunk as it is stored, to the end of the frame        ...
 *  +---------------------------------------------------------------+
 * </pre>
 */
final class ChunkFrame implements PayloadWriter {
    static final int HEADER_LENGTH = 48;
    private static final int REQUEST_OFFSET = 0;
    private static final int ID_OFFSET = 8;
    private static final int RAW_LENGTH_OFFSET = 40;
    private static final int FLAGS_OFFSET = 44;

    private long requestId;
    private StoredChunk chunk;

    /** What {@link #write} will write next. */
    ChunkFrame of(long request, StoredChunk stored) {
        requestId = request;
        chunk = stored;
        return this;
    }

    int length() {
        return HEADER_LENGTH + chunk.bytes().remaining();
    }

    @Override
    public void write(MutableDirectBuffer buffer, int offset) {
        buffer.putLong(offset + REQUEST_OFFSET, requestId, LITTLE_ENDIAN);
        buffer.putBytes(offset + ID_OFFSET, chunk.id().toBytes());
        buffer.putInt(offset + RAW_LENGTH_OFFSET, chunk.rawLength(), LITTLE_ENDIAN);
        buffer.putInt(offset + FLAGS_OFFSET, chunk.compressed() ? 1 : 0, LITTLE_ENDIAN);
        ByteBuffer bytes = chunk.bytes();
        buffer.putBytes(offset + HEADER_LENGTH, bytes, bytes.position(), bytes.remaining());
    }

    static long requestId(DirectBuffer buffer, int offset, int length) throws CorruptChunkException {
        if (length <= HEADER_LENGTH) {
            throw new CorruptChunkException("a chunk frame of " + length + " bytes holds no chunk");
        }
        return buffer.getLong(offset + REQUEST_OFFSET, LITTLE_ENDIAN);
    }

    /** A copy of the chunk; its bytes are not yet checked against its id. */
    static StoredChunk read(DirectBuffer buffer, int offset, int length) throws CorruptChunkException {
        int rawLength = buffer.getInt(offset + RAW_LENGTH_OFFSET, LITTLE_ENDIAN);
        int flags = buffer.getInt(offset + FLAGS_OFFSET, LITTLE_ENDIAN);
        int storedLength = length - HEADER_LENGTH;
        if (rawLength < 1 || rawLength > FastCdc.MAX_CHUNK_BYTES || storedLength > rawLength || (flags & ~1) != 0) {
            throw new CorruptChunkException("a chunk frame has impossible numbers: " + rawLength + " bytes raw, "
                    + storedLength + " stored, flags " + flags);
        }
        byte[] id = new byte[ChunkId.BYTES];
        buffer.getBytes(offset + ID_OFFSET, id);
        byte[] bytes = new byte[storedLength];
        buffer.getBytes(offset + HEADER_LENGTH, bytes);
        return new StoredChunk(ChunkId.of(id), rawLength, flags == 1, ByteBuffer.wrap(bytes));
    }
}
