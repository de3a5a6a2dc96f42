package dev.stardust.ops.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Whether somebody looks on. */
final class Terminal {
    private Terminal() {}

    /** True when stderr, where progress goes, is a terminal: {@code System.console} says so no more from JDK 22 on. */
    static boolean interactive() {
        return isTerminal(2);
    }

    /** True when a descriptor of this process is a terminal. */
    static boolean isTerminal(int fd) {
        try {
            String target =
                    Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (java.io.IOException e) {
            return false;
        }
    }
}
