package dev.stardust.vm.qemu;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Programs of this machine. */
public final class Programs {
    private static final String USUAL = "/usr/bin:/bin";

    private Programs() {}

    /** Where a program is, by the PATH. */
    public static Optional<Path> find(String name) {
        return folders().stream()
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * As {@link #find}.
     *
     * @param debian the package that has it
     * @throws IOException if it is not there, that says what to install
     */
    public static Path require(String name, String debian) throws IOException {
        return find(name)
                .orElseThrow(() -> new IOException(
                        "there is no " + name + " in " + folders() + ": install the package " + debian));
    }

    private static List<String> folders() {
        List<String> folders = new ArrayList<>();
        for (String folder : System.getenv().getOrDefault("PATH", USUAL).split(File.pathSeparator)) {
            if (!folder.isEmpty()) {
                folders.add(folder);
            }
        }
        return folders;
    }
}
