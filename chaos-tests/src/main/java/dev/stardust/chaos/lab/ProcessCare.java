package dev.stardust.chaos.lab;

import java.time.Duration;

/** Looks after a process that may hang. Asked again and again, with the time it has run. */
interface ProcessCare {
    /** Whether it is to be killed at once. */
    boolean isHopeless(Duration took);

    /** What to write on its standard input now, which may wake it; empty for nothing. */
    default String wake(Duration took) {
        return "";
    }

    /** What to ask it on its standard input before it is killed, so that the log tells why it hung; empty for nothing. */
    default String lastQuestion() {
        return "";
    }
}
