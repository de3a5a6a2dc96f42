package dev.stardust.vm.worker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process, told apart from a later one of the same pid by its start time.
 *
 * @param startTicks field 22 of {@code /proc/PID/stat} (proc(5)): clock ticks from the machine's boot
 */
record ProcessId(long pid, long startTicks) {
    /**
     * The process of that pid, unless there is none or it is dead and only waits for its parent. A killed process is
     * not dead before its last thread is: until then a vCPU may still be on its way out of the guest.
     */
    static Optional<ProcessId> of(long pid) {
        String stat;
        try {
            stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return Optional.empty();
        }
        // The name in parentheses may hold spaces and parentheses itself; the fields after the last ")" start at 3.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        char state = fields[0].charAt(0);
        boolean dead = state == 'X' || (state == 'Z' && threads(pid) <= 1);
        return dead ? Optional.empty() : Optional.of(new ProcessId(pid, Long.parseLong(fields[22 - 3])));
    }

    private static int threads(long pid) {
        String[] tasks = Path.of("/proc/" + pid + "/task").toFile().list();
        return tasks == null ? 0 : tasks.length;
    }

    static ProcessId self() {
        return of(ProcessHandle.current().pid()).orElseThrow();
    }

    boolean isAlive() {
        return of(pid).filter(this::equals).isPresent();
    }

    /** Kills the process (SIGKILL) if it is still the one meant. */
    void kill() {
        if (isAlive()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }
}
