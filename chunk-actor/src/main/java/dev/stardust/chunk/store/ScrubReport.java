package dev.stardust.chunk.store;

import java.util.List;

/**
 * What a scrub found.
 *
 * @param records how many it checked
 * @param diskBytes bytes it read
 * @param rawBytes length of the chunks of these records
 * @param pastCache whether it read the disk itself; else the file system can only read through its cache
 * @param damages what is damaged
 */
public record ScrubReport(long records, long diskBytes, long rawBytes, boolean pastCache, List<Damage> damages) {}
