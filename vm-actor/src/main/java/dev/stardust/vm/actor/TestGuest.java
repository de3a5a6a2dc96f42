package dev.stardust.vm.actor;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The built-in guest, which was built from source into the class path, as a file that a machine can load. */
public final class TestGuest {
    private static final String RESOURCE = "/dev/stardust/hypervisor/guest/test-guest.elf";

    private TestGuest() {}

    /** Writes it into the folder unless the same is there already; returns the file. */
    public static synchronized Path extract(Path folder) throws IOException {
        byte[] guest;
        try (InputStream in = TestGuest.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new FileNotFoundException("the test guest was not built: run ./stardust build");
            }
            guest = in.readAllBytes();
        }
        Path file = folder.resolve("test-guest.elf");
        if (Files.exists(file) && java.util.Arrays.equals(Files.readAllBytes(file), guest)) {
            return file;
        }
        Files.createDirectories(folder);
        Path beside = folder.resolve("test-guest.elf.new");
        Files.write(beside, guest);
        return Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
