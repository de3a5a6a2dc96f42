package dev.stardust.chunk.local;

import dev.stardust.chunk.store.StoreStats;
import java.util.List;

/**
 * What a store holds, in bytes.
 *
 * @param images each image
 * @param logicalBytes the sum of the images' sizes, holes included
 * @param dataBytes the same without holes and zeros
 * @param uniqueBytes length of the chunks that images need, each counted once
 * @param storedBytes what these take when compressed, without the heads of records
 * @param store what the segments hold, also of what is not needed any more
 */
public record StoreUsage(
        List<OfImage> images, long logicalBytes, long dataBytes, long uniqueBytes, long storedBytes, StoreStats store) {
    /**
     * What an image takes.
     *
     * @param name its name
     * @param logicalBytes its size, holes included
     * @param dataBytes the same without holes and zeros
     * @param uniqueBytes length of its chunks, each counted once
     * @param storedBytes what these take when compressed
     * @param ownBytes of these, those of no other image: what its removal gives back
     */
    public record OfImage(
            String name, long logicalBytes, long dataBytes, long uniqueBytes, long storedBytes, long ownBytes) {}
}
