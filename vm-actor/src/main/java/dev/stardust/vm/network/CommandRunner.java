package dev.stardust.vm.network;

import java.util.List;

/** Runs programs of the host. */
@FunctionalInterface
public interface CommandRunner {
    /**
     * Runs a program to its end.
     *
     * @param command its name and arguments; no shell sees them
     * @param input what it reads from its standard input
     * @return what it wrote to its standard output
     * @throws NetworkException if it cannot be run, fails, or takes too long
     */
    String run(List<String> command, String input);

    /** As {@link #run(List, String)}, with nothing to read. */
    default String run(String... command) {
        return run(List.of(command), "");
    }
}
