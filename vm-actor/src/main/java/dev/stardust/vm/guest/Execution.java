package dev.stardust.vm.guest;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A command that runs in a guest. Thread safe. */
public final class Execution implements AgentConnection.Stream {
    private static final int MAX_SIGNAL = 64;
    private static final int MAX_CODE = 255;

    private final AgentConnection connection;
    private final OutputListener listener;
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

    private Execution(AgentConnection connection, OutputListener listener) {
        this.connection = connection;
        this.listener = listener;
    }

    static CompletionStage<Execution> start(AgentConnection connection, GuestCommand command, OutputListener listener) {
        Execution execution = new Execution(connection, listener);
        try {
            execution.open(AgentFrame.EXEC, command.payload());
        } catch (IllegalArgumentException e) {
            execution.started.completeExceptionally(e);
        }
        return execution.started;
    }

    static CompletionStage<Execution> attach(AgentConnection connection, OutputListener listener) {
        Execution execution = new Execution(connection, listener);
        execution.open(AgentFrame.ATTACH, new byte[0]);
        return execution.started;
    }

    private synchronized void open(int type, byte[] payload) {
        try {
            stream = connection.open(this, type, payload);
        } catch (AgentException e) {
            started.completeExceptionally(e);
        }
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
        if (number < 1 || number > MAX_SIGNAL) {
            throw new IllegalArgumentException("a signal is from 1 to " + MAX_SIGNAL + ", not " + number);
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

    /** Kills it and what it started. */
    public void kill() {
        connection.send(AgentFrame.CLOSE, stream(), new byte[0]);
        end(new AgentException("the command was killed"));
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
        long number = AgentFields.number(AgentFields.parse(frame.payload()), AgentFields.PID, 0);
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
        long signal = AgentFields.number(fields, AgentFields.SIGNAL, 0);
        long code = AgentFields.number(fields, AgentFields.CODE, 0);
        if (signal < 0 || signal > MAX_SIGNAL || code < 0 || code > MAX_CODE) {
            throw new IOException("a command ended with code " + code + " and signal " + signal);
        }
        started.complete(this);
        over();
        exit.complete(signal > 0 ? ExitStatus.killed((int) signal) : ExitStatus.returned((int) code));
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
