package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.CorruptChunkException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.function.IntPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the space of untouched chunks back, segment by segment: one without a touched chunk is deleted; of one that is
 * largely dead the touched ones are appended anew first, and synced. A crash at any point leaves chunks twice or dead ones,
 * and loses none. What takes no space is done on a full disk too.
 */
final class Sweeper {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);

    /** A segment is rewritten when so much of it is dead: less would copy much to gain little. */
    private static final double WORTH_IT = 0.25;

    private final ChunkStore store;
    private final ChunkIndex index;
    private final SegmentLog segments;
    private final IntPredicate held;
    private final boolean dryRun;
    private long liveBytes;
    private long deadBytes;
    private long freedBytes;
    private int removedSegments;
    private long movedBytes;

    /**
     * Prepares.
     *
     * @param held whether somebody reads a segment by places that he noted, so that it must stay where it is; asked while
     *     nobody can note new ones
     */
    Sweeper(ChunkStore store, ChunkIndex index, SegmentLog segments, IntPredicate held, boolean dryRun) {
        this.store = store;
        this.index = index;
        this.segments = segments;
        this.held = held;
        this.dryRun = dryRun;
    }

    /** @throws DiskFullException when what is to be moved has no room, and nothing could be freed without */
    SweepReport sweep() throws IOException {
        List<Integer> numbers = segments.numbers(); // Those that are made meanwhile have no dead chunk.
        DiskFullException full = null;
        if (!dryRun) {
            locked(this::cutTail);
            try {
                store.roll();
            } catch (DiskFullException e) {
                full = e;
            }
        }
        for (int number : numbers) {
            if (!dryRun && segments.isActive(number)) {
                continue;
            }
            if (Thread.interrupted()) {
                throw new InterruptedIOException("the collection was interrupted; what it freed so far stays free");
            }
            try {
                locked(() -> sweep(number));
            } catch (DiskFullException e) {
                full = e; // Others may have nothing that is to be moved.
            }
        }
        if (full != null && freedBytes == 0) {
            throw full;
        }
        return new SweepReport(liveBytes, deadBytes, freedBytes, removedSegments, movedBytes);
    }

    /** Work while nobody notes places of chunks. */
    private interface Work {
        void run() throws IOException;
    }

    private void locked(Work work) throws IOException {
        store.layout().lock();
        try {
            work.run();
        } finally {
            store.layout().unlock();
        }
    }

    private void cutTail() throws IOException {
        long cut = store.cutTail();
        deadBytes += cut;
        freedBytes += cut;
    }

    private void sweep(int number) throws IOException {
        SegmentFile file = segments.file(number);
        SegmentIndex records = store.records(number);
        long live = 0;
        for (int i = 0; i < records.count(); i++) {
            if (index.isTouched(records.fingerprint(i), ChunkIndex.place(number, records.offset(i)))) {
                live += records.recordBytes(i);
            }
        }
        long dead = records.end() - SegmentFormat.HEADER_BYTES - live;
        liveBytes += live;
        deadBytes += dead;
        boolean worthIt = live == 0 || dead >= WORTH_IT * (live + dead);
        if (!worthIt || (live > 0 && held.test(number))) {
            return;
        }
        if (dryRun) {
            freedBytes += dead;
            return;
        }
        long moved = move(file, records);
        if (moved >= 0) {
            store.sync();
            store.removeSegment(number, records);
            removedSegments++;
            movedBytes += moved;
            freedBytes += records.end() - moved;
        }
    }

    /** Removes untouched records from the index and appends the others anew; gives their bytes, or -1 if one is damaged. */
    private long move(SegmentFile file, SegmentIndex records) throws IOException {
        long moved = 0;
        boolean damaged = false;
        for (int i = 0; i < records.count(); i++) {
            long place = ChunkIndex.place(file.number(), records.offset(i));
            if (!index.removeUntouched(records.fingerprint(i), place)) {
                try {
                    moved += store.appendAgain(file, records.offset(i), place);
                } catch (CorruptChunkException e) {
                    LOG.warn("{} stays as it is: {}", file.file().path(), e.getMessage());
                    damaged = true;
                }
            }
        }
        return damaged ? -1 : moved;
    }
}
