package dev.stardust.hypervisor.boot;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;

/** Reads the files of a boot loader's configuration, which include each other: only so many, and small ones. */
final class ConfigFiles {
    private static final int MAX_FILE_BYTES = 1 << 20;
    private static final int MAX_FILES = 64;
    private static final int MAX_COMMAND = 8192;
    private static final int MAX_ENTRIES = 1000;

    private final Function<String, Optional<String>> reader;
    private int count;

    /** Reads by a function that gives the text at an absolute path. */
    ConfigFiles(Function<String, Optional<String>> reader) {
        this.reader = reader;
    }

    static ConfigFiles of(IsoImage image) {
        return new ConfigFiles(path -> image.find(path)
                .filter(file -> file.kind() == IsoFile.Kind.FILE)
                .map(file -> new String(image.read(file, MAX_FILE_BYTES), StandardCharsets.UTF_8)));
    }

    /**
     * Reads a file; none where there is none, as boot loaders go on then.
     *
     * @throws BootException when too many were read already
     */
    Optional<String> read(String path) {
        Optional<String> text = reader.apply(path);
        if (text.isPresent() && ++count > MAX_FILES) {
            throw new BootException("the boot configuration includes more than " + MAX_FILES + " files");
        }
        return text;
    }

    /**
     * Refuses a line or command that is longer than any loader takes.
     *
     * @param length its characters
     */
    static void checkCommand(int length) {
        if (length > MAX_COMMAND) {
            throw new BootException("the boot configuration has a command of more than " + MAX_COMMAND + " characters");
        }
    }

    /** Refuses a menu that nobody could choose from. */
    static void checkEntries(int count) {
        if (count > MAX_ENTRIES) {
            throw new BootException("the boot configuration has more than " + MAX_ENTRIES + " entries");
        }
    }

    /** The folder of an absolute path, with its last slash. */
    static String folder(String path) {
        return path.substring(0, path.lastIndexOf('/') + 1);
    }
}
