package dev.stardust.chaos.lab;

import dev.stardust.chaos.lab.Marker.Kind;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs cases one after the other and prints their markers. One that hangs is given up when its time is over. */
final class CaseRunner {
    /** What is printed of a failed case's guests: their last lines. */
    private static final int MAX_LINES = 80;

    private static final int UNWIND_LIMIT_MS = 5_000;

    private final GuestFiles files;
    private final PrintStream out;

    CaseRunner(GuestFiles files, PrintStream out) {
        this.files = files;
        this.out = out;
    }

    /** Runs one case; returns whether its guest stood still, see {@link Verdict#isStuck}. */
    boolean run(LinuxCase linuxCase) {
        print(new Marker(linuxCase.name(), Kind.BEGIN, ""));
        long start = System.nanoTime();
        Throwable failure = null;
        String notes = "";
        try (LabContext context = new LabContext(linuxCase, files)) {
            failure = attempt(linuxCase, context);
            notes = String.join(", ", context.notes());
            if (failure != null) {
                relay(trace(failure));
                relay(context.consoles());
            }
        } catch (IOException | RuntimeException e) {
            failure = failure == null ? e : failure;
            relay(trace(e));
        }
        String took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + " ms";
        if (failure == null) {
            print(new Marker(linuxCase.name(), Kind.OK, notes.isEmpty() ? took : took + ", " + notes));
            return false;
        }
        String why = took + ": " + reason(failure);
        print(new Marker(linuxCase.name(), Kind.FAILED, why));
        return new Verdict(linuxCase.name(), false, why, List.of()).isStuck();
    }

    /** Why it failed, or null. */
    private static Throwable attempt(LinuxCase linuxCase, LabContext context) {
        Throwable[] failure = new Throwable[1];
        Thread thread = new Thread(
                () -> {
                    try {
                        linuxCase.run(context);
                    } catch (Exception | Error e) {
                        failure[0] = e;
                    }
                },
                "case-" + linuxCase.name());
        thread.setDaemon(true);
        thread.start();
        try {
            // Its own waiting ends with its time; this is for a case that waits for something else.
            thread.join(linuxCase.limit().toMillis() + UNWIND_LIMIT_MS);
            if (!thread.isAlive()) {
                return failure[0];
            }
            CaseFailure hang =
                    new CaseFailure("it did not end within " + linuxCase.limit().toSeconds() + " s");
            hang.setStackTrace(thread.getStackTrace());
            thread.interrupt();
            return hang;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return e;
        }
    }

    private static String reason(Throwable failure) {
        return failure instanceof CaseFailure ? failure.getMessage() : failure.toString();
    }

    private static List<String> trace(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        return text.toString().lines().toList();
    }

    /** Prints lines that may say anything: none of them can be a marker. */
    private void relay(List<String> lines) {
        for (String line : lines.subList(Math.max(0, lines.size() - MAX_LINES), lines.size())) {
            out.print("| " + line.replaceAll("\\p{Cntrl}", "?") + "\n");
        }
        out.flush();
    }

    private void print(Marker marker) {
        out.print(marker.line() + "\n");
        out.flush();
    }
}
