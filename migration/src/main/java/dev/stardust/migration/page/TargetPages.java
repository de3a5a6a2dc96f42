package dev.stardust.migration.page;

import java.util.Arrays;
import org.agrona.UnsafeApi;

/**
 * What the source knows of the target's memory at the present point of the stream: for each page that it is zero, that
 * it equals the base, or its hash. 128 bits of the hash are kept: chance does not meet twice in them, and a guest that
 * made a collision would spoil its own memory only.
 */
final class TargetPages {
    private static final int WAYS = 4;

    private static final byte ZERO = 1;
    private static final byte BASE = 2;
    private static final byte HASHED = 3;

    private final byte[] state;
    private final long[] high;
    private final long[] low;

    /** Pages by hash: a cache of four places a hash, page + 1, checked against {@code high} and {@code low}. */
    private final int[] byHash;

    private final int mask;

    TargetPages(int pages, boolean hasBase) {
        this.state = new byte[pages];
        Arrays.fill(state, hasBase ? BASE : ZERO);
        this.high = new long[pages];
        this.low = new long[pages];
        int sets = Math.max(1, Integer.highestOneBit(Math.max(1, pages / 2)));
        this.byHash = new int[sets * WAYS];
        this.mask = sets - 1;
    }

    boolean isZero(int gfn) {
        return state[gfn] == ZERO;
    }

    boolean isBase(int gfn) {
        return state[gfn] == BASE;
    }

    void setZero(int gfn) {
        state[gfn] = ZERO;
    }

    void setBase(int gfn) {
        state[gfn] = BASE;
    }

    /** Whether the page holds the content with the hash at the address. */
    boolean holds(int gfn, long hash) {
        return matches(gfn, UnsafeApi.getLong(hash), UnsafeApi.getLong(hash + 8));
    }

    /** A page that holds the content with the hash at the address, or -1. */
    int find(long hash) {
        long wantedHigh = UnsafeApi.getLong(hash);
        long wantedLow = UnsafeApi.getLong(hash + 8);
        int set = ((int) wantedLow & mask) * WAYS;
        for (int i = set; i < set + WAYS; i++) {
            int gfn = byHash[i] - 1;
            if (gfn >= 0 && matches(gfn, wantedHigh, wantedLow)) {
                return gfn;
            }
        }
        return -1;
    }

    void setHash(int gfn, long hash) {
        state[gfn] = HASHED;
        high[gfn] = UnsafeApi.getLong(hash);
        low[gfn] = UnsafeApi.getLong(hash + 8);
        int set = ((int) low[gfn] & mask) * WAYS;
        for (int i = set; i < set + WAYS; i++) {
            int other = byHash[i] - 1;
            if (other < 0 || other == gfn || state[other] != HASHED || ((int) low[other] & mask) * WAYS != set) {
                byHash[i] = gfn + 1;
                return;
            }
        }
        byHash[set + (int) (high[gfn] & (WAYS - 1))] = gfn + 1;
    }

    private boolean matches(int gfn, long wantedHigh, long wantedLow) {
        return state[gfn] == HASHED && high[gfn] == wantedHigh && low[gfn] == wantedLow;
    }
}
