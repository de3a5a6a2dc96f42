package dev.stardust.chunk.chunk;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/**
 * Compresses and decompresses chunks with zstd. A chunk is kept raw when compression saves less than a sixteenth of it.
 * Thread safe; each thread keeps its own working memory and compression context.
 */
public final class ChunkCodec {
    /** The zstd level that chunks are stored with unless the user asks for another; ADR 11 has what others take. */
    public static final int DEFAULT_LEVEL = 2;

    private static final int MAX_LEVEL = 19;

    private static final ThreadLocal<ChunkCodec> CODEC = ThreadLocal.withInitial(ChunkCodec::new);

    private final ZstdCompressCtx compressor =
            new ZstdCompressCtx().setLevel(DEFAULT_LEVEL).setChecksum(false);

    private int level = DEFAULT_LEVEL;
    private final ZstdDecompressCtx decompressor = new ZstdDecompressCtx();
    private final NativeBuffer input = new NativeBuffer(FastCdc.MAX_CHUNK_BYTES);
    private final NativeBuffer output = new NativeBuffer((int) Zstd.compressBound(FastCdc.MAX_CHUNK_BYTES));

    private ChunkCodec() {}

    /**
     * The stored form of {@code raw} (between position and limit, 1..65536 bytes). Its bytes are valid until this thread
     * next calls this class: they lie in {@code raw} itself or in working memory.
     *
     * @param level as {@link #requireLevel} takes it
     */
    public static StoredChunk encode(ChunkId id, ByteBuffer raw, int level) {
        int length = raw.remaining();
        if (length < 1 || length > FastCdc.MAX_CHUNK_BYTES) {
            throw new IllegalArgumentException("a chunk has 1 to 65536 bytes, not " + length);
        }
        return CODEC.get().compress(id, raw, length, level);
    }

    /** The level given, from 1 (fast) to 19 (small). @throws IllegalArgumentException when there is none such */
    public static int requireLevel(int level) {
        if (level < 1 || level > MAX_LEVEL) {
            throw new IllegalArgumentException("a zstd level is from 1 to " + MAX_LEVEL + ", not " + level);
        }
        return level;
    }

    private StoredChunk compress(ChunkId id, ByteBuffer raw, int length, int wantedLevel) {
        if (level != wantedLevel) {
            compressor.setLevel(requireLevel(wantedLevel));
            level = wantedLevel;
        }
        ByteBuffer source = raw;
        if (!raw.isDirect()) {
            NativeBuffer.copyFrom(raw, input.address());
            source = input.buffer().duplicate().limit(length);
        }
        int n = compressor.compressDirectByteBuffer(
                output.buffer(), 0, output.capacity(), source, source.position(), length);
        if (n < length - length / 16) {
            return new StoredChunk(id, length, true, output.buffer().duplicate().limit(n));
        }
        return new StoredChunk(id, length, false, source.duplicate());
    }

    /**
     * Writes the raw bytes of {@code chunk} to {@code address}, which has room for {@code rawLength} bytes, and checks
     * that they hash to its id.
     *
     * @throws CorruptChunkException when they do not, or when they do not decompress to just {@code rawLength} bytes
     */
    public static void decode(StoredChunk chunk, long address) throws CorruptChunkException {
        CODEC.get().decompress(chunk, address);
    }

    /** The raw bytes of {@code chunk}, checked as in {@link #decode(StoredChunk, long)}. */
    public static byte[] decode(StoredChunk chunk) throws CorruptChunkException {
        ChunkCodec codec = CODEC.get();
        codec.decompress(chunk, codec.output.address());
        byte[] raw = new byte[chunk.rawLength()];
        NativeBuffer.copy(codec.output.address(), raw, 0, raw.length);
        return raw;
    }

    /** Checks a chunk as {@link #decode(StoredChunk, long)} does. */
    public static void verify(StoredChunk chunk) throws CorruptChunkException {
        ChunkCodec codec = CODEC.get();
        codec.decompress(chunk, codec.output.address());
    }

    private void decompress(StoredChunk chunk, long address) throws CorruptChunkException {
        int rawLength = chunk.rawLength();
        int storedLength = chunk.bytes().remaining();
        if (rawLength < 1
                || rawLength > FastCdc.MAX_CHUNK_BYTES
                || storedLength < 1
                || (chunk.compressed() ? storedLength >= rawLength : storedLength != rawLength)) {
            throw new CorruptChunkException("chunk " + chunk.id() + " has impossible lengths: " + rawLength + " raw, "
                    + storedLength + " stored");
        }
        if (!chunk.compressed()) {
            NativeBuffer.copyFrom(chunk.bytes(), address);
        } else {
            ByteBuffer source = chunk.bytes();
            if (!source.isDirect()) {
                NativeBuffer.copyFrom(source, input.address());
                source = input.buffer().duplicate().limit(storedLength);
            }
            int n;
            try {
                n = decompressor.decompressDirectByteBuffer(
                        output.buffer(), 0, rawLength, source, source.position(), storedLength);
            } catch (ZstdException e) {
                throw new CorruptChunkException("chunk " + chunk.id() + " does not decompress: " + e.getMessage(), e);
            }
            if (n != rawLength) {
                throw new CorruptChunkException("chunk " + chunk.id() + " has " + n + " bytes, not " + rawLength);
            }
            if (address != output.address()) {
                NativeBuffer.copy(output.address(), address, rawLength);
            }
        }
        ChunkId found = Blake3.hash(address, rawLength);
        if (!found.equals(chunk.id())) {
            throw new CorruptChunkException("chunk " + chunk.id() + " holds the bytes of " + found);
        }
    }
}
