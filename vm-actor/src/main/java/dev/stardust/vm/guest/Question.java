package dev.stardust.vm.guest;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Something the agent is asked once and answers once. */
final class Question implements AgentConnection.Stream {
    private final AgentConnection connection;
    private final CompletableFuture<List<AgentFields.Field>> answer = new CompletableFuture<>();
    private int stream;

    private Question(AgentConnection connection) {
        this.connection = connection;
    }

    static CompletableFuture<List<AgentFields.Field>> ask(AgentConnection connection, AgentFields fields) {
        Question question = new Question(connection);
        try {
            synchronized (question) {
                question.stream = connection.open(question, AgentFrame.CALL, fields.payload());
            }
        } catch (AgentException e) {
            question.answer.completeExceptionally(e);
        }
        return question.answer;
    }

    @Override
    public void frame(AgentFrame frame) throws IOException {
        switch (frame.type()) {
            case AgentFrame.DONE -> {
                List<AgentFields.Field> fields = AgentFields.parse(frame.payload());
                forget();
                answer.complete(fields);
            }
            case AgentFrame.FAILED -> {
                AgentException why = GuestAgent.failure(frame);
                forget();
                answer.completeExceptionally(why);
            }
            default -> throw new IOException("frame " + frame.type() + " is no answer");
        }
    }

    private synchronized void forget() {
        connection.forget(stream);
    }

    @Override
    public void lost(AgentException why) {
        answer.completeExceptionally(why);
    }
}
