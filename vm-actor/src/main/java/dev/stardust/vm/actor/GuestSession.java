package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.Causes;
import dev.stardust.vm.guest.AgentException;
import dev.stardust.vm.guest.Execution;
import dev.stardust.vm.guest.ExitStatus;
import dev.stardust.vm.guest.GuestAgent;
import dev.stardust.vm.guest.OutputListener;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Somebody with a command in a guest. What the command wrote is kept until it is fetched, and only then may it write more. Thread safe.
 */
final class GuestSession implements OutputListener {
    /** Fits an Artery frame with room to spare. */
    static final int MAX_PART_BYTES = 64 << 10;

    private static final int MAX_PENDING_BYTES = 256 << 10;
    private static final int MAX_EARLY = 1_000;
    private static final long LONGEST_WAIT_MS = 1_000;

    private final GuestOrder order;

    // Guarded by this.
    private final ArrayDeque<Piece> pieces = new ArrayDeque<>();
    private final List<Consumer<Execution>> early = new ArrayList<>();
    private Execution execution;
    private int fetchedEarly;
    private CompletableFuture<GuestPart> waiting;
    private GuestPart end;
    private int pendingBytes;
    private CompletableFuture<Void> room = CompletableFuture.completedFuture(null);
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    private record Piece(byte[] bytes, boolean errors) {}

    GuestSession(GuestOrder order) {
        this.order = order;
    }

    boolean isOfWorkload() {
        return order.ofWorkload();
    }

    /** Completes when its end was fetched, or it was left. */
    CompletionStage<Void> over() {
        return over;
    }

    /** Begins as soon as there is an agent. */
    void begin(CompletionStage<GuestAgent> ready) {
        ready.thenCompose(agent -> order.ofWorkload() ? agent.attach(this) : agent.start(order.toCommand(), this))
                .thenCompose(this::started)
                .whenComplete(
                        (status, failure) -> end(failure == null ? GuestPart.ended(status.code()) : failed(failure)));
    }

    private CompletionStage<ExitStatus> started(Execution begun) {
        synchronized (this) {
            if (over.isDone()) {
                begun.kill();
                return CompletableFuture.failedFuture(new IOException("it was left"));
            }
            execution = begun;
            begun.consumed(fetchedEarly);
            early.forEach(action -> action.accept(begun));
            early.clear();
            if (pieces.isEmpty()) {
                // Whoever waits may want to know.
                answer(GuestPart.nothing(true));
            }
        }
        return begun.exit();
    }

    private static GuestPart failed(Throwable failure) {
        Throwable cause = Causes.of(failure);
        int code = GuestCare.NOT_STARTED_CODE;
        if (cause instanceof CommandException e) {
            code = e.code();
        } else if (cause instanceof AgentException e) {
            code = switch (e.errno()) {
                case AgentException.NOT_FOUND -> GuestCare.NOT_FOUND_CODE;
                case AgentException.NOT_ALLOWED -> GuestCare.NOT_EXECUTABLE_CODE;
                default -> code;
            };
        }
        return GuestPart.failed(code, Causes.text(failure));
    }

    private synchronized void end(GuestPart how) {
        end = how;
        pendingBytes = 0;
        room.complete(null);
        answer(null);
    }

    @Override
    public void output(byte[] bytes) {
        add(new Piece(bytes, false));
    }

    @Override
    public void errors(byte[] bytes) {
        add(new Piece(bytes, true));
    }

    private synchronized void add(Piece piece) {
        if (piece.bytes().length > 0) {
            pieces.add(piece);
            answer(null);
        }
    }

    /** Answers who waits, with that or with what there is now. */
    private void answer(GuestPart part) {
        if (waiting != null) {
            CompletableFuture<GuestPart> asked = waiting;
            waiting = null;
            asked.complete(part == null ? next() : part);
        }
    }

    /** What the command wrote, or its end; nothing after a while in which nothing happened. */
    synchronized CompletionStage<GuestPart> fetch() {
        answer(GuestPart.nothing(execution != null));
        if (!pieces.isEmpty() || end != null) {
            return CompletableFuture.completedFuture(next());
        }
        CompletableFuture<GuestPart> asked = new CompletableFuture<>();
        waiting = asked;
        CompletableFuture.delayedExecutor(LONGEST_WAIT_MS, TimeUnit.MILLISECONDS)
                .execute(() -> stopWaiting(asked));
        return asked;
    }

    private synchronized void stopWaiting(CompletableFuture<GuestPart> asked) {
        if (waiting == asked) {
            answer(GuestPart.nothing(execution != null));
        }
    }

    private GuestPart next() {
        if (pieces.isEmpty()) {
            over.complete(null);
            return end;
        }
        boolean errors = pieces.peek().errors();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (!pieces.isEmpty() && pieces.peek().errors() == errors && out.size() < MAX_PART_BYTES) {
            Piece piece = pieces.poll();
            int n = Math.min(piece.bytes().length, MAX_PART_BYTES - out.size());
            out.write(piece.bytes(), 0, n);
            if (n < piece.bytes().length) {
                pieces.addFirst(new Piece(Arrays.copyOfRange(piece.bytes(), n, piece.bytes().length), errors));
            }
        }
        if (execution == null) {
            fetchedEarly += out.size();
        } else {
            execution.consumed(out.size());
        }
        return GuestPart.output(out.toByteArray(), errors);
    }

    /** Does that; tells how much of the input was taken, and waits a little when the command takes no more. */
    synchronized CompletionStage<GuestPart> put(GuestInput input) {
        if (input.columns() > 0 && input.rows() > 0) {
            later(running ->
                    running.resize(new dev.stardust.vm.guest.GuestCommand.TerminalSize(input.columns(), input.rows())));
        }
        if (input.signal() > 0) {
            later(running -> running.signal(input.signal()));
        }
        int taken = pendingBytes < MAX_PENDING_BYTES ? input.bytes().length : 0;
        if (taken > 0) {
            pendingBytes += taken;
            later(running -> running.write(input.bytes()).thenRun(() -> wrote(taken)));
        }
        if (input.end() && taken == input.bytes().length) {
            later(Execution::endInput);
        }
        if (pendingBytes >= MAX_PENDING_BYTES && room.isDone()) {
            room = new CompletableFuture<>();
        }
        return room.copy()
                .completeOnTimeout(null, LONGEST_WAIT_MS, TimeUnit.MILLISECONDS)
                .thenApply(done -> GuestPart.taken(taken));
    }

    private synchronized void wrote(int bytes) {
        pendingBytes = Math.max(0, pendingBytes - bytes);
        if (pendingBytes < MAX_PENDING_BYTES) {
            room.complete(null);
        }
    }

    private void later(Consumer<Execution> action) {
        if (end != null || over.isDone()) {
            return;
        }
        if (execution != null) {
            action.accept(execution);
        } else if (early.size() < MAX_EARLY) {
            early.add(action);
        }
    }

    /** Is done with it. */
    void leave() {
        Execution running;
        synchronized (this) {
            over.complete(null);
            running = execution;
            answer(GuestPart.failed(GuestCare.NOT_STARTED_CODE, "it was left"));
        }
        if (running != null) {
            running.kill();
        }
    }
}
