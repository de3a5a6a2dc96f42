package dev.stardust.chunk.store;

/**
 * What a collection did, or would do.
 *
 * @param liveBytes bytes of records that stay, of all segments that were looked at
 * @param deadBytes bytes of records that nothing needs
 * @param freedBytes bytes that files became smaller by
 * @param removedSegments segment files that are gone
 * @param movedBytes bytes of records that were copied, so that their segments could go
 */
public record SweepReport(long liveBytes, long deadBytes, long freedBytes, int removedSegments, long movedBytes) {}
