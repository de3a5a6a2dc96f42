package dev.stardust.chunk.actor;

/**
 * What a fetch did.
 *
 * @param here chunks that were here already
 * @param fetched chunks that came from other hosts
 * @param fetchedBytes their bytes as they were sent
 */
public record FetchReport(int here, int fetched, long fetchedBytes) {}
