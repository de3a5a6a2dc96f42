package dev.stardust.chaos.soak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a process uses, as the kernel counts it. */
final class ProcessUse {
    private ProcessUse() {}

    /** Memory in KiB, pages shared with others counted by share; 0 when the process is gone. */
    static long pssKib(int pid) {
        try {
            return pssKib(Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup")));
        } catch (IOException e) {
            // Gone between being listed and being read: it uses nothing.
            return 0;
        }
    }

    /** The same from the file's lines. */
    static long pssKib(List<String> lines) {
        for (String line : lines) {
            if (line.startsWith("Pss:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IllegalArgumentException("smaps_rollup has no Pss");
    }
}
