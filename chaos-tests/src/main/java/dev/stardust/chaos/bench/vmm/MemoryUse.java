package dev.stardust.chaos.bench.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What so many VMs cost.
 *
 * @param vms how many
 * @param processes how many processes they live in
 * @param memory of those processes
 * @param availableKib by how much less the whole machine has, its kernel's share and the guests' RAM included
 */
record MemoryUse(int vms, int processes, Smaps memory, long availableKib) {
    private static final Path MEMINFO = Path.of("/proc/meminfo");
    private static final String AVAILABLE = "MemAvailable:";

    /** A VM's share of the processes without guest RAM. */
    double ownKib() {
        return (double) (memory.pssKib() - memory.guestKib()) / vms;
    }

    double guestKib() {
        return (double) memory.guestKib() / vms;
    }

    /** What the machine has less a VM, without guest RAM. */
    double machineKib() {
        return (double) (availableKib - memory.guestKib()) / vms;
    }

    /** Memory that programs can still get. */
    static long availableNowKib() throws IOException {
        return availableKib(Files.readAllLines(MEMINFO));
    }

    static long availableKib(List<String> meminfo) {
        for (String line : meminfo) {
            if (line.startsWith(AVAILABLE)) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IllegalArgumentException("no " + AVAILABLE + " in meminfo");
    }
}
