package dev.stardust.chunk.chunk;

import java.nio.ByteBuffer;
import org.agrona.UnsafeApi;

/** BLAKE3-256 by the native library. All methods are thread safe and allocate nothing but the returned id. */
public final class Blake3 {
    /** Bytes of a page for {@link #hashPages}. */
    public static final int PAGE_BYTES = 4096;

    private static final int CHUNK_START = 1;
    private static final int CHUNK_END = 1 << 1;
    private static final int PARENT = 1 << 2;
    private static final int ROOT = 1 << 3;
    private static final int[] IV = {
        0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19
    };
    private static final int COPY_BYTES = 64 << 10;
    private static final int BATCH = 256;
    private static final Blake3Library LIBRARY = Blake3Library.load();
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private Blake3() {}

    /** The hash of {@code length} bytes of native memory, which is not copied. */
    public static ChunkId hash(long address, long length) {
        Scratch s = SCRATCH.get();
        LIBRARY.blake3_hasher_init(s.hasher);
        LIBRARY.blake3_hasher_update(s.hasher, address, length);
        return s.finish();
    }

    /** The hash of a part of an array. */
    public static ChunkId hash(byte[] bytes, int offset, int length) {
        Scratch s = SCRATCH.get();
        long copy = s.copy();
        LIBRARY.blake3_hasher_init(s.hasher);
        for (int done = 0; done < length; done += COPY_BYTES) {
            int n = Math.min(COPY_BYTES, length - done);
            NativeBuffer.copy(bytes, offset + done, copy, n);
            LIBRARY.blake3_hasher_update(s.hasher, copy, n);
        }
        return s.finish();
    }

    /** The hash of an array. */
    public static ChunkId hash(byte[] bytes) {
        return hash(bytes, 0, bytes.length);
    }

    /** The hash of what lies between position and limit; the position stays. Direct buffers are not copied. */
    public static ChunkId hash(ByteBuffer buffer) {
        if (buffer.isDirect()) {
            return hash(NativeBuffer.addressOf(buffer), buffer.remaining());
        }
        if (buffer.hasArray()) {
            return hash(buffer.array(), buffer.arrayOffset() + buffer.position(), buffer.remaining());
        }
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return hash(copy);
    }

    /**
     * The hashes of many 4 KiB pages, computed side by side in the lanes of the vector unit; the same ids as
     * {@link #hash(long, long)} gives page by page, at two to three times the speed.
     *
     * <p>A page is a tree of four 1 KiB chunks, two parents and a root (BLAKE3 paper, section 2.4); each level of all
     * pages is one call.
     *
     * @param address where the pages start, one after the other
     * @param pages how many
     * @param output receives 32 bytes a page
     */
    public static void hashPages(long address, int pages, long output) {
        Lanes lanes = SCRATCH.get().lanes();
        for (int done = 0; done < pages; done += BATCH) {
            int n = Math.min(BATCH, pages - done);
            lanes.hash(address + (long) done * PAGE_BYTES, n, output + (long) done * ChunkId.BYTES);
        }
    }

    private static final class Scratch {
        private final NativeBuffer memory = new NativeBuffer(Blake3Library.HASHER_BYTES + ChunkId.BYTES);
        private final long hasher = memory.address();
        private final long out = memory.address() + Blake3Library.HASHER_BYTES;
        private NativeBuffer copy;
        private Lanes lanes;

        ChunkId finish() {
            LIBRARY.blake3_hasher_finalize(hasher, out, ChunkId.BYTES);
            return ChunkId.get(out);
        }

        long copy() {
            if (copy == null) {
                copy = new NativeBuffer(COPY_BYTES);
            }
            return copy.address();
        }

        Lanes lanes() {
            if (lanes == null) {
                lanes = new Lanes();
            }
            return lanes;
        }
    }

    /** Working memory for up to {@link #BATCH} pages at once. */
    private static final class Lanes {
        private static final int CV = ChunkId.BYTES;
        private final NativeBuffer memory = new NativeBuffer(CV + BATCH * (16 + 4 * CV + 4 * CV + 2 * CV));
        private final long key = memory.address();
        private final long inputs = key + CV;
        private final long chunkCvs = inputs + BATCH * 16L;
        private final long leaves = chunkCvs + BATCH * 4L * CV;
        private final long parents = leaves + BATCH * 4L * CV;

        Lanes() {
            for (int i = 0; i < IV.length; i++) {
                memory.buffer().putInt(4 * i, IV[i]);
            }
        }

        void hash(long pages, int n, long output) {
            for (int c = 0; c < 4; c++) {
                pointTo(pages + 1024L * c, PAGE_BYTES, n);
                LIBRARY.blake3_hash_many(
                        inputs, n, 16, key, c, 0, 0, CHUNK_START, CHUNK_END, chunkCvs + (long) c * n * CV);
            }
            // From chunk-major order to four chaining values in a row for each page.
            for (int i = 0; i < n; i++) {
                for (int c = 0; c < 4; c++) {
                    NativeBuffer.copy(chunkCvs + ((long) c * n + i) * CV, leaves + (4L * i + c) * CV, CV);
                }
            }
            pointTo(leaves, 2 * CV, 2 * n);
            LIBRARY.blake3_hash_many(inputs, 2L * n, 1, key, 0, 0, PARENT, 0, 0, parents);
            pointTo(parents, 2 * CV, n);
            LIBRARY.blake3_hash_many(inputs, n, 1, key, 0, 0, PARENT | ROOT, 0, 0, output);
        }

        private void pointTo(long first, int stride, int n) {
            for (int i = 0; i < n; i++) {
                UnsafeApi.putLong(inputs + 8L * i, first + (long) stride * i);
            }
        }
    }
}
