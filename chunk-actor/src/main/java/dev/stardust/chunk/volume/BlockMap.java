package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;

/**
 * Which blocks a delta file holds, in memory and on disk. Each map page has two copies with the same content. A commit
 * writes the first copies, syncs, and then the second ones, which the next commit's data sync makes durable before it
 * touches the first again: at every moment one copy is whole, and damage to one copy loses nothing.
 */
final class BlockMap {
    private final NativeFile file;
    private final DirtyBlocks present;
    private final DirtyBlocks changedPages;
    private final long[] sequences;
    private final NativeBuffer page = new NativeBuffer(DeltaFormat.PAGE_BYTES);

    private BlockMap(NativeFile file, long sizeBytes) {
        this.file = file;
        present = new DirtyBlocks(DeltaFormat.blocks(sizeBytes));
        sequences = new long[DeltaFormat.mapPages(sizeBytes)];
        changedPages = new DirtyBlocks(sequences.length);
    }

    /** Writes an empty map into a new file, so that later no map page needs new space on a disk that may be full. */
    static void create(NativeFile file, long sizeBytes) throws IOException {
        BlockMap map = new BlockMap(file, sizeBytes);
        map.changedPages.addRange(0, map.sequences.length);
        map.writeChanged(1, 0);
        map.writeChanged(0, 1);
    }

    /**
     * Reads the map of a file.
     *
     * @param mend whether to mend a copy that is damaged or behind from the other
     */
    static BlockMap open(NativeFile file, long sizeBytes, boolean mend) throws IOException {
        BlockMap map = new BlockMap(file, sizeBytes);
        NativeBuffer second = new NativeBuffer(DeltaFormat.PAGE_BYTES);
        boolean mended = false;
        for (int p = 0; p < map.sequences.length; p++) {
            long a = map.read(p, 0, map.page);
            long b = map.read(p, 1, second);
            if (a == 0 && b == 0) {
                throw new CorruptChunkException(file.path() + " is damaged: both copies of map page " + p);
            }
            NativeBuffer newer = a >= b ? map.page : second;
            DeltaFormat.readMapPage(newer.buffer(), p, map.present.words());
            map.sequences[p] = Math.max(a, b);
            if (mend && a != b) {
                file.write(DeltaFormat.mapPosition(p, a >= b ? 1 : 0), newer.address(), DeltaFormat.PAGE_BYTES);
                mended = true;
            }
        }
        if (mended) {
            file.sync();
        }
        return map;
    }

    private long read(int p, int copy, NativeBuffer into) throws IOException {
        file.read(DeltaFormat.mapPosition(p, copy), into.address(), DeltaFormat.PAGE_BYTES);
        return DeltaFormat.mapSequence(into.buffer(), p);
    }

    DirtyBlocks present() {
        return present;
    }

    /** Notes that blocks {@code from}..{@code to}-1 are written. */
    void add(long from, long to) {
        for (long b = from; b < to; b++) {
            if (!present.contains(b)) {
                present.add(b);
                changedPages.add(b / DeltaFormat.PAGE_BLOCKS);
            }
        }
    }

    /** Notes that blocks {@code from}..{@code to}-1 are no longer here. */
    void remove(long from, long to) {
        for (long b = from; b < to; b++) {
            if (present.contains(b)) {
                present.remove(b);
                changedPages.add(b / DeltaFormat.PAGE_BLOCKS);
            }
        }
    }

    /** Makes the map durable; the data of the blocks it names must be so already. */
    void commit() throws IOException {
        if (changedPages.count() == 0) {
            return;
        }
        writeChanged(1, 0);
        file.sync();
        writeChanged(0, 1);
        changedPages.clear();
    }

    private void writeChanged(int step, int copy) throws IOException {
        for (long p = changedPages.next(0); p < sequences.length; p = changedPages.next(p + 1)) {
            int i = (int) p;
            sequences[i] += step;
            DeltaFormat.putMapPage(page.buffer(), i, sequences[i], present.words());
            file.write(DeltaFormat.mapPosition(i, copy), page.address(), DeltaFormat.PAGE_BYTES);
        }
    }
}
