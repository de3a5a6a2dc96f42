package dev.stardust.chunk.store;

import dev.stardust.chunk.file.SealedJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The records that were found damaged and must not be used again, in a file beside the segments: an index would still
 * name them, and then a chunk would count as stored that nobody can read. Thread safe.
 */
final class Quarantine {
    private static final String KIND = "stardust-quarantine";
    private static final int VERSION = 1;

    private final Path file;
    private final Set<Place> places = ConcurrentHashMap.newKeySet();

    /** A record. */
    record Place(int segment, int offset) {}

    /** What the file holds. */
    record Places(List<Place> records) {}

    Quarantine(Path folder) throws IOException {
        file = folder.resolve("quarantine.json");
        if (Files.exists(file)) {
            places.addAll(SealedJson.read(file, KIND, VERSION, Places.class).records());
        }
    }

    boolean contains(int segment, int offset) {
        return places.contains(new Place(segment, offset));
    }

    boolean containsAnyOf(int segment) {
        return places.stream().anyMatch(place -> place.segment() == segment);
    }

    /** Adds a record, durably. */
    synchronized void add(int segment, int offset) throws IOException {
        if (places.add(new Place(segment, offset))) {
            write();
        }
    }

    /** The segment is gone. */
    synchronized void forget(int segment) throws IOException {
        if (places.removeIf(place -> place.segment() == segment)) {
            write();
        }
    }

    int size() {
        return places.size();
    }

    private void write() throws IOException {
        SealedJson.write(file, KIND, VERSION, new Places(List.copyOf(places)));
    }
}
