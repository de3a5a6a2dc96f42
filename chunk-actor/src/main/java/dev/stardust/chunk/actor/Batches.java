package dev.stardust.chunk.actor;

import java.util.ArrayList;
import java.util.List;

/** Cuts lists into pieces of one request each. */
final class Batches {
    private Batches() {}

    static <T> List<List<T>> of(List<T> items) {
        List<List<T>> batches = new ArrayList<>();
        for (int from = 0; from < items.size(); from += ChunkMessages.BATCH_CHUNKS) {
            batches.add(items.subList(from, Math.min(items.size(), from + ChunkMessages.BATCH_CHUNKS)));
        }
        return batches;
    }
}
