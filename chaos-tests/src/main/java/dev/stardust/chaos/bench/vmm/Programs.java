package dev.stardust.chaos.bench.vmm;

import dev.stardust.chaos.External;
import dev.stardust.chaos.report.Report;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Builds the programs that lie under {@code benchmarks/}. */
final class Programs {
    private static final int BUILD_TIMEOUT_S = 60;

    private Programs() {}

    /** A C program of one file, {@code benchmarks/NAME/NAME.c}. */
    static Path program(String name, Path folder, String... more) {
        return build(name, ".c", folder.resolve(name), List.of(more));
    }

    /** The smallest guest. */
    static Path hello(Path folder) {
        return build(
                "hello",
                ".S",
                folder.resolve("hello.elf"),
                List.of(
                        "-nostdlib",
                        "-static",
                        "-no-pie",
                        "-Wl,-Ttext-segment=0x100000",
                        "-Wl,--build-id=none",
                        "-Wl,-z,noseparate-code"));
    }

    private static Path build(String name, String suffix, Path output, List<String> more) {
        Path source = Report.home().resolve("benchmarks").resolve(name).resolve(name + suffix);
        List<String> command = new ArrayList<>(List.of("gcc", "-O2", "-Wall", "-Wextra", "-Werror"));
        command.addAll(List.of("-o", output.toString(), source.toString()));
        command.addAll(more);
        External.run(BUILD_TIMEOUT_S, command);
        return output;
    }
}
