package dev.stardust.vm.qemu;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The guest {@code guests/count.S}, built when it is needed. */
public final class CountingGuest {
    private CountingGuest() {}

    /** Assembles it to an ELF file in that folder. */
    public static Path build(Path dir) throws IOException, InterruptedException, URISyntaxException {
        Path source = Path.of(CountingGuest.class.getResource("/guests/count.S").toURI());
        Path guest = dir.resolve("count.elf");
        Path output = dir.resolve("gcc.output");
        Process gcc = new ProcessBuilder(
                        "gcc",
                        "-nostdlib",
                        "-static",
                        "-Wl,-Ttext=0x100000",
                        "-Wl,--build-id=none",
                        "-o",
                        guest.toString(),
                        source.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!gcc.waitFor(60, TimeUnit.SECONDS) || gcc.exitValue() != 0) {
            gcc.destroyForcibly();
            throw new IOException("gcc failed: " + Files.readString(output));
        }
        return guest;
    }
}
