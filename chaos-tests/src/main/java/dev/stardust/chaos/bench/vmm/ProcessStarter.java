package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import dev.stardust.chaos.bench.Microvm;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A VMM that is a process of its own for each guest. */
final class ProcessStarter implements Starter {
    private static final int LINE_TIMEOUT_S = 20;
    private static final int RUN_TIMEOUT_S = LINE_TIMEOUT_S + 10;

    /** A microvm sometimes hangs in its firmware on a busy machine. */
    private static final int ATTEMPTS = 3;

    private static final Pattern FIGURE = Pattern.compile("(?m)^first_line_us=([0-9]{1,9})$");

    private final String name;
    private final Path stopwatch;
    private final Function<Guest, List<String>> command;

    private ProcessStarter(String name, Path stopwatch, Function<Guest, List<String>> command) {
        this.name = name;
        this.stopwatch = stopwatch;
        this.command = command;
    }

    /** The C VMM. */
    static ProcessStarter cvmm(Path stopwatch, Path cvmm) {
        return new ProcessStarter("C VMM", stopwatch, guest -> cvmm(cvmm, guest));
    }

    static List<String> cvmm(Path cvmm, Guest guest) {
        return List.of(
                cvmm.toString(),
                "-m",
                Integer.toString(Guest.MEMORY_MIB),
                "-a",
                guest.args(),
                guest.kernel().toString());
    }

    /** QEMU's microvm. */
    static ProcessStarter qemu(Path stopwatch, int tscKhz) {
        return new ProcessStarter("QEMU microvm", stopwatch, guest -> qemu(guest, Guest.MEMORY_MIB, tscKhz));
    }

    static List<String> qemu(Guest guest, int memoryMib, int tscKhz) {
        List<String> all = new ArrayList<>(List.of(Microvm.PROGRAM));
        all.addAll(Microvm.MACHINE);
        all.addAll(List.of("-m", Integer.toString(memoryMib), "-nodefaults", "-display", "none", "-no-reboot"));
        all.addAll(List.of("-serial", "stdio", "-kernel", guest.kernel().toString()));
        all.addAll(List.of("-append", guest.args() + " tsc_khz=" + tscKhz));
        return all;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public double firstLineUs(Guest guest) {
        List<String> timed = new ArrayList<>(List.of(stopwatch.toString(), Integer.toString(LINE_TIMEOUT_S)));
        timed.addAll(command.apply(guest));
        for (int attempt = 1; ; attempt++) {
            try {
                return figure(External.run(RUN_TIMEOUT_S, timed));
            } catch (ToolException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** The figure in the stopwatch's output. */
    static double figure(String output) {
        Matcher found = FIGURE.matcher(output);
        if (!found.find()) {
            throw new ToolException(ToolException.INTERNAL, "no first_line_us in: " + output.strip());
        }
        return Double.parseDouble(found.group(1));
    }
}
