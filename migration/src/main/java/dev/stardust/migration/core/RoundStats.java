package dev.stardust.migration.core;

/**
 * What one round did and what it left.
 *
 * @param round number of the round, from 1
 * @param scannedPages dirty pages looked at
 * @param sentPages pages sent with their bytes
 * @param zeroPages pages told to be zero, or known to be zero and left out
 * @param basePages pages told to equal the base that the target holds, or left out because they do
 * @param samePages pages told by reference to another page that the target holds
 * @param unchangedPages pages written with the bytes the target holds already
 * @param diskBlocks 4 KiB disk blocks sent
 * @param wireBytes bytes of all frames of the round
 * @param micros how long the round took
 * @param dirtyPages pages and disk blocks found dirty when the round ended: what the next round begins with
 */
public record RoundStats(
        int round,
        long scannedPages,
        long sentPages,
        long zeroPages,
        long basePages,
        long samePages,
        long unchangedPages,
        long diskBlocks,
        long wireBytes,
        long micros,
        long dirtyPages) {}
