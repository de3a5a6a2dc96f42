package dev.stardust.chunk.local;

/**
 * A volume of a local store.
 *
 * @param name its name
 * @param sizeBytes its size
 * @param image the image at its bottom, empty if that has no name any more, or if there is none
 * @param layers how many layers it has, itself included
 * @param ownBytes windows of its own that are in chunks
 * @param deltaBytes what was written and is not in chunks yet
 */
public record VolumeInfo(String name, long sizeBytes, String image, int layers, long ownBytes, long deltaBytes) {}
