package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.lab.cases.LinuxCases;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A lab machine that is switched off while a case works on the lab's third disk: what its kernel had not written yet is
 * lost. The disk stays from one time to the next.
 */
public final class PowerCutLab implements AutoCloseable {
    private static final long DISK_BYTES = 512L << 20;
    private static final int TIMEOUT_S = 120;
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final LinuxRun run;
    private final List<LinuxCase> cases;
    private final TempFolder work;
    private final Path disk;
    private final Path log;

    /**
     * Makes the disk, an empty ext4.
     *
     * @param caseName a case that comes to no end
     * @param folder takes images, which go, and the log of the last console, which stays
     */
    public PowerCutLab(String caseName, Path folder) throws IOException {
        cases = List.of(LinuxCases.named(caseName));
        run = new LinuxRun(LinuxMode.LAB, folder);
        work = TempFolder.create(folder, caseName + "-");
        log = folder.resolve(caseName + ".log");
        disk = work.path().resolve("disk.ext4");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(DISK_BYTES);
        }
        External.run(TIMEOUT_S, List.of("/usr/sbin/mkfs.ext4", "-q", disk.toString()));
    }

    /**
     * Runs the case and switches the lab off. A lab that hangs before is switched off too, and gets one more chance.
     *
     * @param lines gets what the console says
     * @param now whether to switch it off, asked again and again
     * @throws ToolException if it ended before, with its console
     */
    public void cut(Consumer<String> lines, BooleanSupplier now) throws IOException {
        try (TempFolder images = TempFolder.create(work.path(), "images-")) {
            List<String> command = run.prepare(cases, images.path(), disk);
            boolean done = cut(command, lines, now);
            if (!done) {
                done = cut(command, lines, now);
            }
            if (!done) {
                throw new ToolException(ToolException.INTERNAL, "two labs hung, one after the other: see docs/lab.md");
            }
        }
    }

    /** False if the lab hung. */
    private boolean cut(List<String> command, Consumer<String> lines, BooleanSupplier now) throws IOException {
        LabConsole console = new LabConsole(cases.stream().map(LinuxCase::name).toList(), lines);
        LabWatch watch = new LabWatch(console, false);
        boolean[] cut = new boolean[1];
        ProcessCare care = new ProcessCare() {
            @Override
            public boolean isHopeless(Duration took) {
                cut[0] = now.getAsBoolean();
                return cut[0] || watch.isHopeless(took);
            }

            @Override
            public String wake(Duration took) {
                return watch.wake(took);
            }
        };
        String end = ConsoleProcess.run(command, console, log, LIMIT, care);
        if (!cut[0] && !watch.hung()) {
            throw new ToolException(
                    ToolException.INTERNAL,
                    "the lab was not switched off at work: "
                            + console.verdicts(end).get(0).describe());
        }
        return cut[0];
    }

    /** Copies what a folder of the disk holds, as the next mount would find it; the disk itself stays as the cut left it. */
    public void copy(String folder, Path target) throws IOException {
        Path copy = work.path().resolve("copy.ext4");
        External.run(TIMEOUT_S, List.of("cp", "--sparse=always", disk.toString(), copy.toString()));
        // 1 says that it mended something, as it should after a cut: it replays the journal.
        External.run(
                TIMEOUT_S, List.of("sh", "-c", "/usr/sbin/e2fsck -fy \"$1\" || [ $? -eq 1 ]", "sh", copy.toString()));
        External.run(TIMEOUT_S, List.of("/usr/sbin/debugfs", "-R", "rdump /" + folder + " " + target, copy.toString()));
        Files.delete(copy);
    }

    @Override
    public void close() throws IOException {
        work.close();
        run.close();
    }
}
