package dev.stardust.cluster.protocol;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.setup.Setup;

/**
 * The message types that cross the wire, by stable short ids with a version: class names never do. Each module registers
 * its types into one instance when the node starts; the {@link StableCborSerializer} of an actor system finds it in the
 * system's set-up. An id with a new version is a new type: both may be registered, so that neighbouring versions of the
 * software understand each other.
 */
public final class WireTypes extends Setup {
    private final Map<String, Class<? extends ClusterMessage>> types = new HashMap<>();
    private final Map<Class<?>, String> manifests = new HashMap<>();

    /**
     * Gives a message type its place on the wire.
     *
     * @param id for example {@code host.start-vm}; lower case letters, digits, dots and hyphens
     * @param version from 1
     * @throws IllegalArgumentException when the id and version or the class is registered already, or the id is malformed
     */
    public synchronized WireTypes register(String id, int version, Class<? extends ClusterMessage> type) {
        if (!id.matches("[a-z][a-z0-9.-]{0,62}") || version < 1) {
            throw new IllegalArgumentException("not a wire type id and version: " + id + " " + version);
        }
        if (!type.isRecord()) {
            throw new IllegalArgumentException("wire type " + id + " must be a record: " + type.getName());
        }
        String manifest = id + ":" + version;
        Class<?> taken = types.get(manifest);
        if (taken != null) {
            throw new IllegalArgumentException(
                    "wire type " + manifest + " of " + type.getName() + " is already that of " + taken.getName());
        }
        String other = manifests.get(type);
        if (other != null) {
            throw new IllegalArgumentException(type.getName() + " is already wire type " + other);
        }
        types.put(manifest, type);
        manifests.put(type, manifest);
        return this;
    }

    synchronized Optional<Class<? extends ClusterMessage>> type(String manifest) {
        return Optional.ofNullable(types.get(manifest));
    }

    synchronized Optional<String> manifest(Class<?> type) {
        return Optional.ofNullable(manifests.get(type));
    }
}
