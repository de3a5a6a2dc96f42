package dev.stardust.cluster.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import java.io.NotSerializableException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.apache.pekko.actor.BootstrapSetup;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.setup.ActorSystemSetup;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;

class StableCborSerializerTest {
    record Ask(String text, long number, List<String> many, Optional<String> maybe, ActorRef<Answer> replyTo)
            implements ClusterMessage {}

    record Answer(int value) implements ClusterMessage {}

    record Stranger(int value) implements ClusterMessage {}

    private static ActorSystem<Answer> system;
    private static StableCborSerializer serializer;

    @BeforeContainer
    static void start() {
        WireTypes types = new WireTypes().register("test.ask", 1, Ask.class).register("test.answer", 2, Answer.class);
        system = ActorSystem.create(
                Behaviors.<Answer>ignore(),
                "wire",
                ActorSystemSetup.create(
                        BootstrapSetup.create(ConfigFactory.parseString(
                                        """
                                        pekko.actor.provider = local
                                        pekko.actor.serializers.stardust = "%s"
                                        pekko.actor.serialization-bindings."%s" = stardust
                                        """
                                                .formatted(
                                                        StableCborSerializer.class.getName(),
                                                        ClusterMessage.class.getName()))
                                .withFallback(ConfigFactory.defaultReference())),
                        types));
        serializer = new StableCborSerializer((ExtendedActorSystem) Adapter.toClassic(system));
    }

    @AfterContainer
    static void stop() {
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
    }

    @Property(tries = 200)
    void messagesWithActorReferencesSurvive(
            @ForAll String text, @ForAll long number, @ForAll List<String> many, @ForAll boolean some)
            throws Exception {
        Ask ask = new Ask(text, number, many, some ? Optional.of(text) : Optional.empty(), system);
        Serialization pekko = SerializationExtension.get(system);
        byte[] bytes = pekko.serialize(ask).get();
        Ask back = assertInstanceOf(
                Ask.class,
                pekko.deserialize(bytes, StableCborSerializer.IDENTIFIER, "test.ask:1")
                        .get());
        assertEquals(ask.number(), back.number());
        assertEquals(ask.maybe(), back.maybe());
        assertEquals(ask.many(), back.many());
        assertEquals(system.path(), back.replyTo().path());
    }

    @Example
    void theBytesAreTheFieldsAndNameNoClass() {
        byte[] bytes = serializer.toBinary(new Answer(7));
        assertEquals("bf6576616c756507ff", HexFormat.of().formatHex(bytes));
        assertEquals("test.answer:2", serializer.manifest(new Answer(7)));
        assertEquals(77_001, serializer.identifier());
        assertFalse(new String(bytes, StandardCharsets.ISO_8859_1).contains("Answer"));
    }

    @Example
    void anUnknownIdOrVersionIsRefusedByName() {
        NotSerializableException e =
                assertThrows(NotSerializableException.class, () -> serializer.fromBinary(new byte[0], "test.answer:3"));
        assertTrue(e.getMessage().contains("test.answer:3"), e.getMessage());
        IllegalArgumentException mine =
                assertThrows(IllegalArgumentException.class, () -> serializer.manifest(new Stranger(1)));
        assertTrue(mine.getMessage().contains("Stranger"), mine.getMessage());
    }

    @Property(tries = 500)
    void arbitraryBytesAreRefusedOrAMessage(@ForAll byte[] bytes) {
        Object read;
        try {
            read = serializer.fromBinary(bytes, "test.answer:2");
        } catch (NotSerializableException e) {
            assertTrue(e.getMessage().contains("test.answer:2"), e.getMessage());
            return;
        }
        assertTrue(read == null || read instanceof Answer);
    }

    @Example
    void anIdOrAClassIsTakenOnce() {
        WireTypes types = new WireTypes().register("a.b", 1, Answer.class);
        assertThrows(IllegalArgumentException.class, () -> types.register("a.b", 1, Stranger.class));
        assertThrows(IllegalArgumentException.class, () -> types.register("c", 1, Answer.class));
        assertThrows(IllegalArgumentException.class, () -> types.register("A:b", 1, Stranger.class));
        types.register("a.b", 2, Stranger.class);
    }
}
