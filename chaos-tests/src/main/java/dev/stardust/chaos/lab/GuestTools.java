package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import dev.stardust.chaos.ToolException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Programs of this host with the shared libraries that they need, for a lab and for its guests: a folder with {@code bin}
 * and {@code lib}. Where they run, their libraries are looked for in {@code /lib64} and {@code /lib/x86_64-linux-gnu}, or
 * they are started by {@link #command}.
 */
public final class GuestTools {
    private static final String LOADER = "lib/ld-linux-x86-64.so.2";

    private GuestTools() {}

    /**
     * Makes the folder.
     *
     * @param debian package of each program, by the program's name
     * @throws ToolException if one is not installed
     */
    public static Path folder(Path folder, Map<String, String> debian) throws IOException {
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Path lib = Files.createDirectories(folder.resolve("lib"));
        for (Map.Entry<String, String> each : debian.entrySet()) {
            Path program = External.find(each.getKey())
                    .orElseThrow(() -> new ToolException(
                            ToolException.REFUSED,
                            each.getKey() + " is missing: sudo apt-get install --no-install-recommends "
                                    + each.getValue()));
            Files.copy(program, bin.resolve(each.getKey()));
            for (Map.Entry<String, Path> library :
                    SharedLibraries.of(List.of(program), folder).entrySet()) {
                Path to = lib.resolve(library.getKey());
                if (!Files.exists(to)) {
                    Files.copy(library.getValue(), to);
                }
            }
        }
        return folder;
    }

    /** How a program of such a folder is started, by its own loader; to be added to. */
    public static List<String> command(Path folder, String program) {
        return new ArrayList<>(List.of(
                folder.resolve(LOADER).toString(),
                "--library-path",
                folder.resolve("lib").toString(),
                folder.resolve("bin").resolve(program).toString()));
    }

    /** A disk image with what is in a folder. */
    public static Path image(Path folder, Path image) throws IOException {
        Ext4Image.make(folder, image);
        return image;
    }
}
