package dev.stardust.ops.api;

import java.nio.file.Path;

/**
 * An image to be imported.
 *
 * @param name its name
 * @param file a file or folder that the node can read
 * @param boot how it is to start
 */
public record ImageRequest(String name, Path file, BootRequest boot) {
    /** An image that starts if it can by itself. */
    public static ImageRequest of(String name, Path file) {
        return new ImageRequest(name, file, BootRequest.AUTO);
    }
}
