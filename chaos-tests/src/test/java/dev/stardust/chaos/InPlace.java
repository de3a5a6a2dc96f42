package dev.stardust.chaos;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Changes what a guest has written to its serial log, byte for byte, while the worker goes on appending. */
final class InPlace implements AutoCloseable {
    private final Path file;
    private final List<Change> undo = new ArrayList<>();

    private record Change(long at, byte[] before) {}

    InPlace(Path file) {
        this.file = file;
    }

    /** Replaces the first match by a text of the same length; fails when there is none. */
    InPlace replaceFirst(String regex, String by) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer all = ByteBuffer.allocate((int) channel.size());
            channel.read(all, 0);
            String text = new String(all.array(), 0, all.position(), StandardCharsets.ISO_8859_1);
            Matcher match = Pattern.compile(regex, Pattern.MULTILINE).matcher(text);
            if (!match.find() || match.group().length() != by.length()) {
                throw new IllegalStateException(file + " has no '" + regex + "' as long as '" + by + "'");
            }
            undo.add(new Change(match.start(), match.group().getBytes(StandardCharsets.ISO_8859_1)));
            channel.write(ByteBuffer.wrap(by.getBytes(StandardCharsets.ISO_8859_1)), match.start());
        }
        return this;
    }

    /** Puts everything back. */
    @Override
    public void close() throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (Change change : undo) {
                channel.write(ByteBuffer.wrap(change.before()), change.at());
            }
        }
    }
}
