package dev.stardust.chaos.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The whole lines of a guest's serial log. Waiting ends with the case's time. */
public final class LogLines {
    /** Seldom: in a lab with one CPU each look takes it from the guest. */
    private static final int LOOK_MS = 200;

    private final Path file;
    private final long deadlineNs;

    LogLines(Path file, long deadlineNs) {
        this.file = file;
        this.deadlineNs = deadlineNs;
    }

    /** All so far; none while there is no log. */
    public List<String> lines() {
        try {
            String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            return text.substring(0, text.lastIndexOf('\n') + 1)
                    .lines()
                    .map(String::strip)
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /**
     * Waits until there is a line that begins so.
     *
     * @return the first such line
     */
    public String await(String beginning) {
        while (System.nanoTime() < deadlineNs) {
            Optional<String> line =
                    lines().stream().filter(l -> l.startsWith(beginning)).findFirst();
            if (line.isPresent()) {
                return line.get();
            }
            try {
                Thread.sleep(LOOK_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CaseFailure("interrupted: no line '" + beginning + "'");
            }
        }
        throw new CaseFailure("no line '" + beginning + "' within the case's time");
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
