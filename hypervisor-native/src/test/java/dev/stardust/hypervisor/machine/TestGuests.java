package dev.stardust.hypervisor.machine;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;

/** Small guests in assembly, built when they are needed. */
final class TestGuests {
    /** Where the guests count. */
    static final long COUNTER = 0x20_0000;

    private TestGuests() {}

    /** The test guest that the build made. */
    static Path testGuest(Path dir) throws IOException {
        Path elf = dir.resolve("test-guest.elf");
        try (InputStream in = TestGuests.class.getResourceAsStream("/dev/stardust/hypervisor/guest/test-guest.elf")) {
            Files.copy(in, elf, StandardCopyOption.REPLACE_EXISTING);
        }
        return elf;
    }

    /** Assembles {@code guests/NAME.S} to an ELF file in {@code dir}. */
    static Path build(String name, Path dir) throws IOException, InterruptedException, URISyntaxException {
        return build(name, dir.resolve(name + ".elf"), "-Wl,-Ttext=0x100000");
    }

    /** Assembles {@code guests/NAME.S} to its bare bytes, for the address 0, in a file in {@code dir}. */
    static Path buildBytes(String name, Path dir) throws IOException, InterruptedException, URISyntaxException {
        return build(name, dir.resolve(name + ".bin"), "-Wl,-Ttext=0,--oformat=binary");
    }

    private static Path build(String name, Path target, String link)
            throws IOException, InterruptedException, URISyntaxException {
        Path source =
                Path.of(TestGuests.class.getResource("/guests/" + name + ".S").toURI());
        if (!Files.exists(target)) {
            Path output = target.resolveSibling(name + ".output");
            Process gcc = new ProcessBuilder(
                            "gcc",
                            "-nostdlib",
                            "-static",
                            link,
                            "-Wl,--build-id=none",
                            "-Wl,-z,norelro",
                            "-Wl,-z,noseparate-code",
                            "-Wl,-N",
                            "-o",
                            target.toString(),
                            source.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!gcc.waitFor(60, TimeUnit.SECONDS) || gcc.exitValue() != 0) {
                gcc.destroyForcibly();
                throw new IOException("gcc failed: " + Files.readString(output));
            }
        }
        return target;
    }
}
