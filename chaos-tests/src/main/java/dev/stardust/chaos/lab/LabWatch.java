package dev.stardust.chaos.lab;

import java.time.Duration;

/**
 * Tells a lab that hangs from one that is slow, and wakes one that sleeps: QEMU now and then forgets that an interrupt of its
 * timer is pending (docs/lab.md), and remembers it with the next interrupt, such as one of the serial port.
 */
final class LabWatch implements ProcessCare {
    /** The cases' program says that it lives every few seconds; a kernel comes up in some 5 s on a quiet host. */
    private static final Duration SILENCE_LIMIT = Duration.ofSeconds(90);

    /** The program says so more often, once its JVM has started. */
    private static final Duration SLEEP_LIMIT = Duration.ofSeconds(20);

    private static final Duration WAKE_AGAIN = Duration.ofSeconds(5);

    private final LabConsole console;
    private final boolean mayFail;
    private long heard;
    private Duration heardAfter = Duration.ZERO;
    private Duration wokenAfter = Duration.ZERO;
    private boolean hung;

    /**
     * Prepares.
     *
     * @param mayFail whether the lab's kernel may fail and say so
     */
    LabWatch(LabConsole console, boolean mayFail) {
        this.console = console;
        this.mayFail = mayFail;
    }

    @Override
    public boolean isHopeless(Duration took) {
        long now = console.heard();
        if (now != heard) {
            heard = now;
            heardAfter = took;
        }
        boolean silent = took.minus(heardAfter).compareTo(SILENCE_LIMIT) > 0;
        hung = !console.isComplete() && (silent || (mayFail && console.kernelFailed()));
        return hung;
    }

    @Override
    public String wake(Duration took) {
        boolean sleeps = took.minus(heardAfter).compareTo(SLEEP_LIMIT) > 0;
        if (!sleeps || took.minus(wokenAfter).compareTo(WAKE_AGAIN) < 0) {
            return "";
        }
        wokenAfter = took;
        System.out.println("LabWatch: a lab that said nothing for "
                + took.minus(heardAfter).toSeconds() + " s is woken");
        return "\n";
    }

    @Override
    public String lastQuestion() {
        return LabMachine.WHERE_IT_STANDS;
    }

    /** What {@link #isHopeless} said last. */
    boolean hung() {
        return hung;
    }
}
