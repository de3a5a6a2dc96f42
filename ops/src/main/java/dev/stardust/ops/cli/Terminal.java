package dev.stardust.ops.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Whether somebody looks on. */
final class Terminal {
    private Terminal() {}

    /** True when stderr, where progress goes, is a terminal: {@code System.console} says so no more from JDK 22 on. */
    static boolean interactive() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (java.io.IOException e) {
            return false;
        }
    }
}
