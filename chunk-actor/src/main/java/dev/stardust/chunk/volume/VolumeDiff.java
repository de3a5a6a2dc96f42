package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.Manifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Where two volumes differ, in blocks of 4 KiB. Only what was written since they parted is read. */
public final class VolumeDiff {
    private static final int BLOCK_BYTES = DeltaVolume.BLOCK_BYTES;
    private static final int WINDOW_BLOCKS = 64;

    private final Volume a;
    private final Volume b;
    private final DirtyBlocks candidates;
    private final Consumer consumer;
    private final NativeBuffer ofA = new NativeBuffer(WINDOW_BLOCKS * BLOCK_BYTES);
    private final NativeBuffer ofB = new NativeBuffer(WINDOW_BLOCKS * BLOCK_BYTES);
    private long runFrom = -1;
    private long runTo;

    /** Is told of a range that differs; ranges ascend and do not touch. */
    @FunctionalInterface
    public interface Consumer {
        void range(long offset, long length);
    }

    private VolumeDiff(Volume a, Volume b, DirtyBlocks candidates, Consumer consumer) {
        this.a = a;
        this.b = b;
        this.candidates = candidates;
        this.consumer = consumer;
    }

    /** Compares two volumes that do not change meanwhile. Behind its end a smaller one counts as zeros. */
    public static void compare(LayeredVolume a, LayeredVolume b, Consumer consumer) throws IOException {
        long size = Math.max(a.sizeBytes(), b.sizeBytes());
        DirtyBlocks candidates = new DirtyBlocks(DeltaFormat.blocks(size));
        Map<Path, LayeredVolume> layersOfA = new HashMap<>();
        for (LayeredVolume v = a; v != null; v = v.layerBelow()) {
            layersOfA.put(v.file(), v);
        }
        LayeredVolume common = b;
        while (common != null && !layersOfA.containsKey(common.file())) {
            common = common.layerBelow();
        }
        a.addWritten(candidates, common == null ? null : layersOfA.get(common.file()));
        b.addWritten(candidates, common);
        if (common == null) {
            addDifferent(a.bottom(), b.bottom(), candidates);
            addDifferent(b.bottom(), a.bottom(), candidates);
        }
        long smaller = Math.min(a.sizeBytes(), b.sizeBytes());
        candidates.addRange(smaller / BLOCK_BYTES, DeltaFormat.blocks(size));
        new VolumeDiff(ResizedVolume.of(a, size), ResizedVolume.of(b, size), candidates, consumer).run(size);
    }

    /** Adds the blocks of the chunks of one image that the other has not at the same place. */
    private static void addDifferent(Manifest one, Manifest other, DirtyBlocks blocks) {
        for (int i = 0; one != null && i < one.count(); i++) {
            int k = other == null ? 0 : other.firstEndingAfter(one.offset(i));
            boolean same = other != null
                    && k < other.count()
                    && other.offset(k) == one.offset(i)
                    && other.id(k).equals(one.id(i));
            if (!same) {
                blocks.addRange(one.offset(i) / BLOCK_BYTES, DeltaFormat.blocks(one.end(i)));
            }
        }
    }

    private void run(long size) throws IOException {
        for (long from = candidates.next(0); from < candidates.size(); ) {
            long to = Math.min(candidates.nextAbsent(from), from + WINDOW_BLOCKS);
            int length = (int) (Math.min(to * BLOCK_BYTES, size) - from * BLOCK_BYTES);
            a.read(from * BLOCK_BYTES, ofA.address(), length);
            b.read(from * BLOCK_BYTES, ofB.address(), length);
            for (int at = 0; at < length; at += BLOCK_BYTES) {
                int n = Math.min(BLOCK_BYTES, length - at);
                if (ofA.buffer().slice(at, n).mismatch(ofB.buffer().slice(at, n)) >= 0) {
                    differs(from * BLOCK_BYTES + at, n);
                }
            }
            from = candidates.next(to);
        }
        if (runFrom >= 0) {
            consumer.range(runFrom, runTo - runFrom);
        }
    }

    private void differs(long offset, int length) {
        if (runFrom >= 0 && runTo != offset) {
            consumer.range(runFrom, runTo - runFrom);
            runFrom = -1;
        }
        if (runFrom < 0) {
            runFrom = offset;
        }
        runTo = offset + length;
    }
}
