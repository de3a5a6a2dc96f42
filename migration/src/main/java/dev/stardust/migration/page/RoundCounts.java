package dev.stardust.migration.page;

/**
 * What an encoder did in one round.
 *
 * @param scannedPages dirty pages looked at
 * @param sentPages pages sent with their bytes
 * @param zeroPages pages told as zero, or left out because the target holds zero there
 * @param basePages pages told as base, or left out because the target holds the base there
 * @param samePages pages told by reference to another page
 * @param unchangedPages pages left out because the target holds the same bytes
 * @param diskBlocks disk blocks sent
 * @param wireBytes bytes of all frames
 */
public record RoundCounts(
        long scannedPages,
        long sentPages,
        long zeroPages,
        long basePages,
        long samePages,
        long unchangedPages,
        long diskBlocks,
        long wireBytes) {}
