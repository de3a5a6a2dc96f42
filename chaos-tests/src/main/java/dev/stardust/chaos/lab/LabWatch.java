package dev.stardust.chaos.lab;

import java.time.Duration;
import java.util.function.Predicate;

/** Tells a lab that hangs from one that is slow. Asked again and again while the lab runs. */
final class LabWatch implements Predicate<Duration> {
    /** The cases' program says that it lives every few seconds; a kernel comes up in some 5 s on a quiet host. */
    private static final Duration SILENCE_LIMIT = Duration.ofSeconds(90);

    private final LabConsole console;
    private final boolean mayLockUp;
    private long heard;
    private Duration heardAfter = Duration.ZERO;
    private boolean hung;

    /**
     * Prepares.
     *
     * @param mayLockUp whether the lab's kernel may hang and say so
     */
    LabWatch(LabConsole console, boolean mayLockUp) {
        this.console = console;
        this.mayLockUp = mayLockUp;
    }

    /** Whether the lab hangs, which has run for so long. */
    @Override
    public boolean test(Duration took) {
        long now = console.heard();
        if (now != heard) {
            heard = now;
            heardAfter = took;
        }
        boolean silent = took.minus(heardAfter).compareTo(SILENCE_LIMIT) > 0;
        hung = !console.isComplete() && (silent || (mayLockUp && console.softLockup()));
        return hung;
    }

    /** What {@link #test} said last. */
    boolean hung() {
        return hung;
    }
}
