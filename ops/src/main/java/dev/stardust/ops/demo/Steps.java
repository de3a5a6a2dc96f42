package dev.stardust.ops.demo;

import java.io.PrintStream;
import java.util.Locale;

/** Tells what the demo does, a numbered line a step with the time it took. */
final class Steps {
    private final PrintStream out;
    private final int total;
    private int number;
    private long startedNs;

    /** Steps of {@code total}, of which the next is number {@code first}. */
    Steps(PrintStream out, int total, int first) {
        this.out = out;
        this.total = total;
        number = first - 1;
    }

    void begin(String what) {
        end();
        number++;
        startedNs = System.nanoTime();
        out.printf(Locale.ROOT, "%n[%d/%d] %s%n", number, total, what);
    }

    void say(String text) {
        out.println("      " + text);
    }

    void end() {
        if (startedNs != 0) {
            out.printf(Locale.ROOT, "      done in %.1f s%n", (System.nanoTime() - startedNs) / 1e9);
            startedNs = 0;
        }
    }
}
