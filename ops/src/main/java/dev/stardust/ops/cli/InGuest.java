package dev.stardust.ops.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/** A command in a guest at this process's own streams. */
final class InGuest {
    /** Our own failures, as docker tells them; all others are the command's. */
    static final int OWN_FAILURE = 125;

    private InGuest() {}

    /** Does that; what fails of ours has a code that few commands have. */
    static int guarded(PrintWriter err, Callable<Integer> work) {
        try {
            return work.call();
        } catch (CliException | IOException e) {
            err.println("stardust: " + e.getMessage());
            err.flush();
            return OWN_FAILURE;
        } catch (Exception e) {
            e.printStackTrace(err);
            err.flush();
            return OWN_FAILURE;
        }
    }

    /** Refuses a terminal that is none. */
    static void requireTerminal(boolean wanted) {
        if (wanted && !(Terminal.isTerminal(0) && Terminal.isTerminal(1))) {
            throw new CliException(
                    CliException.USAGE, "-t needs a terminal for its input and its output: leave it out here");
        }
    }

    /** How a session begins. */
    interface Begin {
        /** Begins it with that order, which is complete. */
        void begin(Map<String, Object> order) throws IOException;
    }

    /**
     * Runs one to its end.
     *
     * @param order what the API takes
     * @param terminal whether this terminal is the command's
     * @param input whether what is read here is for it
     * @param detachable whether one may leave it by keys
     */
    static GuestSession.End converse(
            GuestSession session,
            Map<String, Object> order,
            boolean terminal,
            boolean input,
            boolean detachable,
            Begin begin,
            GuestSession.Watch watch)
            throws IOException {
        return terminal
                ? atTerminal(session, order, input, detachable, begin, watch)
                : byPipes(session, order, input, begin, watch);
    }

    private static GuestSession.End byPipes(
            GuestSession session, Map<String, Object> order, boolean input, Begin begin, GuestSession.Watch watch)
            throws IOException {
        begin.begin(order);
        if (input) {
            session.readFrom(new FileInputStream(FileDescriptor.in), null);
        }
        return session.writeTo(out(), new FileOutputStream(FileDescriptor.err), watch);
    }

    private static GuestSession.End atTerminal(
            GuestSession session,
            Map<String, Object> order,
            boolean input,
            boolean detachable,
            Begin begin,
            GuestSession.Watch watch)
            throws IOException {
        try (RawTerminal terminal = RawTerminal.enter()) {
            Map<String, Object> sized = new HashMap<>(order);
            sized.put("columns", terminal.columns());
            sized.put("rows", terminal.rows());
            begin.begin(sized);
            session.resize(terminal.columns(), terminal.rows());
            terminal.onResize(() -> session.resize(terminal.columns(), terminal.rows()));
            if (input) {
                session.readFrom(new FileInputStream(FileDescriptor.in), detachable ? new DetachKeys() : null);
            }
            return session.writeTo(out(), out(), watch);
        }
    }

    private static OutputStream out() {
        return new FileOutputStream(FileDescriptor.out);
    }

    /** The code of a session's end, after its error was told. */
    static int code(GuestSession.End end, PrintWriter err) {
        if (!end.error().isEmpty()) {
            err.println("stardust: " + end.error());
            err.flush();
        }
        return end.code();
    }
}
