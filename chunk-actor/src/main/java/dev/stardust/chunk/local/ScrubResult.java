package dev.stardust.chunk.local;

import dev.stardust.chunk.store.ScrubReport;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a scrub of a local store found and did.
 *
 * @param report what was checked, and which records are damaged
 * @param images the images that are touched by that, or by what earlier scrubs found
 * @param volumes the volumes that are
 */
public record ScrubResult(ScrubReport report, List<Touched> images, List<Touched> volumes) {
    /**
     * An image or a volume that is, or was, not whole.
     *
     * @param name its name
     * @param mended chunks that came back from the replica, by id
     * @param missing chunks that are lost, by id: importing the same data again brings them back
     */
    public record Touched(String name, List<String> mended, List<String> missing) {}

    /** Whether something that an image or a volume needs is lost. */
    public boolean lost() {
        return Stream.concat(images.stream(), volumes.stream())
                .anyMatch(each -> !each.missing().isEmpty());
    }
}
