package dev.stardust.chaos;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/** Spoils a running guest's RAM from outside, through {@code /proc/PID/mem} of its worker. */
final class GuestMemory {
    private static final long PAGE = 4096;

    private GuestMemory() {}

    /**
     * Flips a byte in every page from guest-physical {@code from} to {@code to}, in each memfd of that size that the
     * worker maps: a worker of one VM has one.
     */
    static int spoil(int pid, long ramBytes, long from, long to) throws IOException {
        int spoilt = 0;
        try (RandomAccessFile memory = new RandomAccessFile("/proc/" + pid + "/mem", "rw")) {
            for (String map : Files.readAllLines(Path.of("/proc/" + pid + "/maps"))) {
                if (!map.contains("memfd:")) {
                    continue;
                }
                String[] range = map.split("[- ]", 3);
                long start = Long.parseLong(range[0], 16);
                if (Long.parseLong(range[1], 16) - start != ramBytes) {
                    continue;
                }
                for (long at = start + from; at < start + to; at += PAGE) {
                    memory.seek(at + 8);
                    int was = memory.read();
                    memory.seek(at + 8);
                    memory.write(was ^ 0xff);
                }
                spoilt++;
            }
        }
        return spoilt;
    }
}
