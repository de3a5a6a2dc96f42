package dev.stardust.cluster.protocol;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.serialization.SerializerWithStringManifest;
import org.apache.pekko.serialization.jackson.JacksonObjectMapperProvider;

/**
 * {@link ClusterMessage}s as Jackson CBOR; the manifest is the id and version of {@link WireTypes}, and the bytes name no
 * type, so a sender cannot choose a class to be made here. Actor references work. Pekko makes one per actor system.
 */
public final class StableCborSerializer extends SerializerWithStringManifest {
    /** Pekko's number of this serializer on the wire: never to change. */
    public static final int IDENTIFIER = 77_001;

    private final ExtendedActorSystem system;
    private final WireTypes types;
    private volatile ObjectMapper mapper;

    public StableCborSerializer(ExtendedActorSystem system) {
        this.system = system;
        this.types = system.settings()
                .setup()
                .get(WireTypes.class)
                .orElseThrow(() -> new IllegalStateException(
                        "the actor system " + system.name() + " was started without WireTypes in its set-up"));
    }

    /** Asked for late: Pekko forbids it while the serialization extension is being made. */
    private ObjectMapper mapper() {
        ObjectMapper known = mapper;
        if (known == null) {
            known = JacksonObjectMapperProvider.get(system).getOrCreate("jackson-cbor", Optional.empty());
            mapper = known;
        }
        return known;
    }

    @Override
    public int identifier() {
        return IDENTIFIER;
    }

    @Override
    public String manifest(Object message) {
        return types.manifest(message.getClass())
                .orElseThrow(() -> new IllegalArgumentException(
                        message.getClass().getName() + " has no wire type: register it in WireTypes"));
    }

    @Override
    public byte[] toBinary(Object message) {
        try {
            return mapper().writeValueAsBytes(message);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write a " + manifest(message), e);
        }
    }

    @Override
    public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
        Class<? extends ClusterMessage> type = types.type(manifest)
                .orElseThrow(() -> new NotSerializableException(
                        "unknown wire type " + manifest + ": the sender runs a newer or an incompatible version"));
        try {
            return mapper().readValue(bytes, type);
        } catch (IOException e) {
            NotSerializableException refused =
                    new NotSerializableException("malformed message of wire type " + manifest + ": " + e.getMessage());
            refused.initCause(e);
            throw refused;
        }
    }
}
