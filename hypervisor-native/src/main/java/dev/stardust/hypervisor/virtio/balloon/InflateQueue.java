package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.VirtioFaultException;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The inflate queue, section 5.5.6: a request is an array of 32-bit numbers of 4 KiB pages, in any order. A batch of
 * them is sorted, so that neighbours are given back to the host together.
 */
final class InflateQueue extends GivenPages {
    /** As many as Linux puts into a request. */
    static final int BATCH = 256;

    private final long ramPages;
    private final BalloonMetrics metrics;
    private final UnsafeBuffer raw = new UnsafeBuffer(new byte[BATCH * Integer.BYTES]);
    private final int[] pages = new int[BATCH];

    /** Pages in the batch, and those of them that are done. */
    private int count;

    private int done;

    /** Bytes of the request that were taken into batches. */
    private long taken;

    InflateQueue(long ramPages, BalloonMetrics metrics) {
        this.ramPages = ramPages;
        this.metrics = metrics;
    }

    @Override
    void restart() {
        count = 0;
        done = 0;
        taken = 0;
    }

    @Override
    boolean step(DescriptorChain request) {
        if (done == count && !takeBatch(request)) {
            return false;
        }
        long first = pages[done];
        long end = first + 1;
        done++;
        while (done < count && pages[done] <= end) {
            end = pages[done] + 1L; // the same once more, or the next
            done++;
        }
        long bytes = (end - first) << DirtyBitmap.PAGE_SHIFT;
        metrics.inflated(bytes, request.memory().discard(first << DirtyBitmap.PAGE_SHIFT, bytes));
        return true;
    }

    private boolean takeBatch(DescriptorChain request) {
        int length = request.read(taken, raw, raw.capacity());
        count = length / Integer.BYTES;
        done = 0;
        taken += length;
        for (int i = 0; i < count; i++) {
            int page = raw.getInt(i * Integer.BYTES, ByteOrder.LITTLE_ENDIAN);
            if (Integer.toUnsignedLong(page) >= ramPages) {
                throw new VirtioFaultException("the balloon is given page " + Integer.toUnsignedString(page)
                        + " of a RAM of " + ramPages + " pages");
            }
            pages[i] = page;
        }
        Arrays.sort(pages, 0, count);
        return count > 0;
    }
}
