package dev.stardust.chunk.volume;

import dev.stardust.chunk.shared.SharedView;
import dev.stardust.chunk.store.SegmentReader;
import java.io.IOException;
import java.util.function.IntConsumer;

/**
 * A read-only disk whose bytes lie in this host's memory once for all who read it, as far as they were brought there. What is
 * not there yet is asked for, and read from its chunks.
 */
public final class SharedVolume extends ExtentVolume {
    private final SharedView shared;
    private final ManifestVolume own;
    private final IntConsumer missing;

    private SharedVolume(SharedView shared, ManifestVolume own, IntConsumer missing) {
        super(own.extents());
        this.shared = shared;
        this.own = own;
        this.missing = missing;
    }

    /**
     * A disk.
     *
     * @param segments has its chunks; stays open for its whole life and is not closed by it
     * @param shared closed with it
     * @param missing hears of each extent that was not there when it was read, on the reading thread
     */
    public static SharedVolume of(ExtentMap extents, SegmentReader segments, SharedView shared, IntConsumer missing)
            throws IOException {
        return new SharedVolume(shared, ManifestVolume.of(extents, segments), missing);
    }

    @Override
    long address(int i) throws IOException {
        if (shared.has(i)) {
            return shared.address(extents().offset(i));
        }
        missing.accept(i);
        return own.address(i);
    }

    @Override
    public synchronized void close() {
        shared.close();
    }
}
