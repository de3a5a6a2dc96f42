package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.util.Arrays;

/**
 * The raw bytes of the extents read last, at most {@link #SLOTS} of 64 KiB: 4 MiB, allocated as they are first needed.
 * Least recently used goes first. Not thread safe.
 */
final class ChunkCache {
    static final int SLOTS = 64;

    /** Brings an extent's bytes to an address. */
    @FunctionalInterface
    interface Loader {
        void load(int extent, long address) throws IOException;
    }

    private final Loader loader;
    private final NativeBuffer[] memory = new NativeBuffer[SLOTS];
    private final int[] extents = new int[SLOTS];
    private final long[] used = new long[SLOTS];
    private long clock;
    private long loads;

    ChunkCache(Loader loader) {
        this.loader = loader;
        Arrays.fill(extents, -1);
    }

    /** Where the extent's bytes are, until the next call. */
    long address(int extent) throws IOException {
        int oldest = 0;
        for (int i = 0; i < SLOTS; i++) {
            if (extents[i] == extent) {
                used[i] = ++clock;
                return memory[i].address();
            }
            if (used[i] < used[oldest]) {
                oldest = i;
            }
        }
        if (memory[oldest] == null) {
            memory[oldest] = new NativeBuffer(FastCdc.MAX_CHUNK_BYTES);
        }
        extents[oldest] = -1;
        loader.load(extent, memory[oldest].address());
        loads++;
        extents[oldest] = extent;
        used[oldest] = ++clock;
        return memory[oldest].address();
    }

    /** How often the loader was asked. */
    long loads() {
        return loads;
    }
}
