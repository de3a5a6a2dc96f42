package dev.stardust.chunk.local;

import dev.stardust.chunk.store.ScrubReport;
import java.util.List;

/**
 * What a scrub of a local store found and did.
 *
 * @param report what was checked, and which records are damaged
 * @param images the images that are touched by that, or by what earlier scrubs found
 */
public record ScrubResult(ScrubReport report, List<TouchedImage> images) {
    /**
     * An image that is, or was, not whole.
     *
     * @param name its name
     * @param mended chunks that came back from the replica, by id
     * @param missing chunks that are lost, by id: importing the same data again brings them back
     */
    public record TouchedImage(String name, List<String> mended, List<String> missing) {}

    /** Whether something that an image needs is lost. */
    public boolean lost() {
        return images.stream().anyMatch(image -> !image.missing().isEmpty());
    }
}
