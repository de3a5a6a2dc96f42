package dev.stardust.vm.actor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Names the machine's present boot: random(4), {@code /proc/sys/kernel/random/boot_id}. */
public final class BootId {
    private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    private BootId() {}

    /** The same for all processes until the machine is started anew. */
    public static String current() {
        try {
            return Files.readString(FILE).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + FILE + ": is /proc mounted?", e);
        }
    }
}
