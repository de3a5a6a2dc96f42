package dev.stardust.chaos.soak;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Processes that do nothing but use a CPU each. */
final class CpuHog implements AutoCloseable {
    private final List<Process> loops = new ArrayList<>();

    void start(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            loops.add(new ProcessBuilder("sh", "-c", "while :; do :; done").start());
        }
    }

    @Override
    public void close() {
        loops.forEach(External::end);
        loops.clear();
    }
}
