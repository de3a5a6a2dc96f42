package dev.stardust.vm.guest;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The first words: until the agent has answered them, whatever else comes is of an earlier connection and passed over. */
final class Greeting implements AgentConnection.Stream {
    private static final int VERSION = 1;
    private static final int NONCE_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final AgentConnection connection;
    private final byte[] nonce = new byte[NONCE_BYTES];
    private final CompletableFuture<Void> answered = new CompletableFuture<>();

    private Greeting(AgentConnection connection) {
        this.connection = connection;
        RANDOM.nextBytes(nonce);
    }

    static CompletableFuture<Void> greet(AgentConnection connection) {
        Greeting greeting = new Greeting(connection);
        try {
            connection.greet(
                    greeting,
                    new AgentFields()
                            .add(AgentFields.VERSION, VERSION)
                            .add(AgentFields.NONCE, greeting.nonce)
                            .payload());
        } catch (AgentException e) {
            greeting.answered.completeExceptionally(e);
        }
        return greeting.answered;
    }

    @Override
    public void frame(AgentFrame frame) throws IOException {
        if (frame.type() == AgentFrame.FAILED) {
            connection.forget(0);
            answered.completeExceptionally(GuestAgent.failure(frame));
        } else if (frame.type() == AgentFrame.HELLO_REPLY) {
            List<AgentFields.Field> fields = AgentFields.parse(frame.payload());
            boolean mine =
                    fields.stream().anyMatch(f -> f.tag() == AgentFields.NONCE && Arrays.equals(f.bytes(), nonce));
            if (mine && AgentFields.number(fields, AgentFields.VERSION) == VERSION) {
                connection.forget(0);
                answered.complete(null);
            }
        }
    }

    @Override
    public void lost(AgentException why) {
        answered.completeExceptionally(why);
    }
}
