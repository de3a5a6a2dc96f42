package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabContext;
import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.chaos.lab.LinuxCase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Boots Linux under our VMM and under the C program {@code benchmarks/linuxvmm}, in turns: the same kernel, initramfs,
 * command line and memory. Notes {@code NAME up_us=N exits=N} for each boot, from the first KVM_RUN to the first process's
 * first word.
 */
public final class BootBench implements LinuxCase {
    /** The program's file beside the discs. */
    public static final String PROGRAM = "linuxvmm";

    /** The contenders in the notes: ours, the C program with private memory and with memory shared as ours is. */
    public static final List<String> NAMES = List.of("stardust", "c", "c-memfd");

    private static final int ROUNDS = 3;
    private static final int BOOT_LIMIT_S = 60;
    private static final int LOOK_MS = 250;
    private static final Pattern FIGURES = Pattern.compile("up_us=\\d+ exits=\\d+");

    @Override
    public String name() {
        return "bench-boot";
    }

    /** Nothing is written after the first word until the machine is gone. */
    @Override
    public String guestCommands() {
        return "sleep 100\n";
    }

    /** A VMM has a CPU beside that of its guest, as it would have on a machine that somebody uses. */
    @Override
    public int labCpus() {
        return 2;
    }

    @Override
    public Duration limit() {
        return Duration.ofMinutes(6);
    }

    @Override
    public void run(LabContext lab) throws IOException, InterruptedException {
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < NAMES.size(); i++) {
                String name = NAMES.get((i + round) % NAMES.size());
                String figures = name.equals("stardust") ? ours(lab, round) : inC(lab, name.equals("c-memfd"));
                lab.note(name + " " + figures);
            }
        }
    }

    /**
     * Looks seldom, since looking costs the lab's slow CPUs much and would be charged to our VMM; when the line came is
     * told by the time of the log's last change, after which this guest writes nothing.
     */
    private static String ours(LabContext lab, int round) throws IOException, InterruptedException {
        String name = "linux-" + round;
        LabGuest guest = lab.build(LinuxGuest.spec(lab, name));
        long startMs = System.currentTimeMillis();
        guest.resume();
        while (guest.lines().stream().noneMatch(line -> line.contains(LinuxGuest.UP))) {
            LabContext.check(
                    System.currentTimeMillis() - startMs < TimeUnit.SECONDS.toMillis(BOOT_LIMIT_S),
                    "Linux did not come up within " + BOOT_LIMIT_S + " s");
            Thread.sleep(LOOK_MS);
        }
        long exits = guest.machine().statusNow().exits();
        long upMs = Files.getLastModifiedTime(lab.serialLog(name)).toMillis() - startMs;
        LabGuest.await(guest.machine().destroy());
        return "up_us=" + TimeUnit.MILLISECONDS.toMicros(upMs) + " exits=" + exits;
    }

    private static String inC(LabContext lab, boolean shared) throws IOException, InterruptedException {
        Path output = lab.folder().resolve("linuxvmm.out");
        Path serial = lab.folder().resolve("linuxvmm.serial");
        List<String> command =
                new ArrayList<>(List.of(lab.files().discs().resolve(PROGRAM).toString(), "-u", LinuxGuest.UP));
        command.addAll(List.of("-m", Integer.toString(LinuxGuest.MEMORY_MIB), "-a", lab.commandLine()));
        command.addAll(List.of("-i", lab.files().initramfs().toString(), "-t", Integer.toString(BOOT_LIMIT_S)));
        if (shared) {
            command.add("-f");
        }
        command.add(lab.files().bzImage().toString());
        Process process = new ProcessBuilder(command)
                .redirectOutput(serial.toFile())
                .redirectError(output.toFile())
                .start();
        boolean ended = process.waitFor(BOOT_LIMIT_S + 5, TimeUnit.SECONDS);
        process.destroyForcibly();
        String said = Files.readString(output);
        Matcher figures = FIGURES.matcher(said);
        LabContext.check(
                ended && process.exitValue() == 0 && figures.find(),
                "the C program did not boot it: " + said + Files.readString(serial));
        return figures.group();
    }
}
