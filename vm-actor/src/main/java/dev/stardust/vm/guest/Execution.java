package dev.stardust.vm.guest;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A command that runs in a guest, or a host that is attached to the guest's workload. Thread safe. */
public final class Execution implements AgentConnection.Stream {
    private final AgentConnection connection;
    private final OutputListener listener;
    private final String closed;
    private final CompletableFuture<Execution> started = new CompletableFuture<>();
    private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();

    // Guarded by this.
    private final ArrayDeque<Input> waiting = new ArrayDeque<>();
    private int stream;
    private int maySend = AgentConnection.WINDOW_BYTES;
    private int notConsumed;
    private long pid;

    /** What is to be written and what of it was sent. */
    private static final class Input {
        private final byte[] bytes;
        private final CompletableFuture<Void> sent = new CompletableFuture<>();
        private int done;

        Input(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    private Execution(AgentConnection connection, OutputListener listener, String closed) {
        this.connection = connection;
        this.listener = listener;
        this.closed = closed;
    }

    static CompletionStage<Execution> start(AgentConnection connection, GuestCommand command, OutputListener listener) {
        return open(connection, AgentFrame.EXEC, () -> command.fields().payload(), listener, "the command was killed");
    }

    static CompletionStage<Execution> attach(AgentConnection connection, OutputListener listener) {
        return open(connection, AgentFrame.ATTACH, () -> new byte[0], listener, "detached from the workload");
    }

    private static CompletionStage<Execution> open(
            AgentConnection connection, int type, Supplier<byte[]> payload, OutputListener listener, String closed) {
        Execution execution = new Execution(connection, listener, closed);
        try {
            byte[] bytes = payload.get();
            synchronized (execution) {
                execution.stream = connection.open(execution, type, bytes);
            }
        } catch (IOException | IllegalArgumentException e) {
            execution.started.completeExceptionally(e);
        }
        return execution.started;
    }

    /** Its process in the guest. */
    public synchronized long pid() {
        return pid;
    }

    /** How it ended, once all that it wrote was handed on; fails when the connection is lost before. */
    public CompletionStage<ExitStatus> exit() {
        return exit;
    }

    /**
     * Writes to its input. Completes when it was sent, which may wait for the command to read; writes come in their order. Input of a
     * command that reads no more is dropped.
     */
    public CompletionStage<Void> write(byte[] bytes) {
        Input input = new Input(bytes.clone());
        synchronized (this) {
            if (exit.isDone()) {
                input.sent.complete(null);
                return input.sent;
            }
            waiting.add(input);
        }
        pour();
        return input.sent;
    }

    /** Ends its input, behind all that was written. */
    public void endInput() {
        write(new byte[0]).thenRun(() -> connection.send(AgentFrame.END, stream(), new byte[0]));
    }

    /** Sends a signal to it and to what it started. */
    public void signal(int number) {
        if (number < 1 || number > ExitStatus.MAX_SIGNAL) {
            throw new IllegalArgumentException("a signal is from 1 to " + ExitStatus.MAX_SIGNAL + ", not " + number);
        }
        connection.send(AgentFrame.SIGNAL, stream(), AgentFrame.number(number));
    }

    /** Its terminal has another size. */
    public void resize(GuestCommand.TerminalSize size) {
        connection.send(AgentFrame.RESIZE, stream(), AgentFrame.number(size.packed()));
    }

    /** So many bytes that were handed on are dealt with: the command may write as many more. */
    public void consumed(int bytes) {
        int number;
        synchronized (this) {
            if (bytes < 0 || bytes > notConsumed) {
                throw new IllegalArgumentException(bytes + " of " + notConsumed + " bytes");
            }
            notConsumed -= bytes;
            number = stream;
        }
        if (bytes > 0) {
            connection.send(AgentFrame.CREDIT, number, AgentFrame.number(bytes));
        }
    }

    /** Kills it and what it started; the workload runs on, and only this host leaves it. */
    public void kill() {
        connection.send(AgentFrame.CLOSE, stream(), new byte[0]);
        end(new AgentException(closed));
    }

    private synchronized int stream() {
        return stream;
    }

    /** Sends what waits, as far as the guest takes it. */
    private void pour() {
        List<Input> done = new java.util.ArrayList<>();
        synchronized (this) {
            for (Input input = waiting.peek(); input != null; input = waiting.peek()) {
                while (input.done < input.bytes.length && maySend > 0) {
                    int n = Math.min(Math.min(maySend, AgentFrame.MAX_PAYLOAD_BYTES), input.bytes.length - input.done);
                    connection.send(
                            AgentFrame.DATA, stream, Arrays.copyOfRange(input.bytes, input.done, input.done + n));
                    input.done += n;
                    maySend -= n;
                }
                if (input.done < input.bytes.length) {
                    break;
                }
                done.add(waiting.poll());
            }
        }
        done.forEach(input -> input.sent.complete(null));
    }

    @Override
    public void frame(AgentFrame frame) throws IOException {
        switch (frame.type()) {
            case AgentFrame.OPENED -> opened(frame);
            case AgentFrame.OUTPUT -> listener.output(taken(frame.payload()));
            case AgentFrame.ERRORS -> listener.errors(taken(frame.payload()));
            case AgentFrame.CREDIT -> credit(frame.number());
            case AgentFrame.EXIT -> exited(AgentFields.parse(frame.payload()));
            case AgentFrame.FAILED -> end(GuestAgent.failure(frame));
            default -> throw new IOException("frame " + frame.type() + " is none of a command");
        }
    }

    private void opened(AgentFrame frame) throws IOException {
        long number = AgentFields.number(AgentFields.parse(frame.payload()), AgentFields.PID);
        synchronized (this) {
            pid = number;
        }
        started.complete(this);
    }

    private synchronized byte[] taken(byte[] bytes) throws IOException {
        notConsumed += bytes.length;
        if (notConsumed > AgentConnection.WINDOW_BYTES) {
            throw new IOException("a command writes more than it may");
        }
        return bytes;
    }

    private void credit(long bytes) throws IOException {
        synchronized (this) {
            if (bytes > AgentConnection.WINDOW_BYTES - maySend) {
                throw new IOException("more is taken than was sent");
            }
            maySend += (int) bytes;
        }
        pour();
    }

    private void exited(List<AgentFields.Field> fields) throws IOException {
        ExitStatus status = ExitStatus.of(fields);
        started.complete(this);
        over();
        exit.complete(status);
    }

    private void end(AgentException why) {
        over();
        started.completeExceptionally(why);
        exit.completeExceptionally(why);
    }

    /** Nothing more is sent or expected. */
    private void over() {
        List<Input> dropped;
        synchronized (this) {
            connection.forget(stream);
            dropped = List.copyOf(waiting);
            waiting.clear();
        }
        dropped.forEach(input -> input.sent.complete(null));
    }

    @Override
    public void lost(AgentException why) {
        end(why);
    }
}
