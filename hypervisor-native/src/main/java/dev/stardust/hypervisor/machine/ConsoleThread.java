package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.console.ConsoleLoop;

/** The thread that serves the consoles of all machines of this process; made when first needed, it lives as long. */
public final class ConsoleThread {
    private static ConsoleLoop loop;

    private ConsoleThread() {}

    /** The one. */
    public static synchronized ConsoleLoop get() {
        if (loop == null) {
            loop = new ConsoleLoop("consoles");
        }
        return loop;
    }
}
