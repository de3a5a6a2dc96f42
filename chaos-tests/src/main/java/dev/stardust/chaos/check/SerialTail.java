package dev.stardust.chaos.check;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Follows a serial log that may come late, be deleted and come again: whatever was written to it is seen. */
final class SerialTail implements AutoCloseable {
    private final Path path;
    private final Consumer<String> onLine;
    private final List<Opened> opened = new ArrayList<>();

    /** A file that was found at the path; it can be read on after it was deleted. */
    private static final class Opened {
        private final Object key;
        private final FileChannel channel;
        private final StringBuilder unfinished = new StringBuilder();

        Opened(Object key, FileChannel channel) {
            this.key = key;
            this.channel = channel;
        }
    }

    SerialTail(Path path, Consumer<String> onLine) {
        this.path = path;
        this.onLine = onLine;
    }

    /** Reads what is new; gives the number of bytes. */
    long poll() {
        try {
            look();
            long bytes = 0;
            for (Opened file : opened) {
                bytes += read(file);
            }
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException("following " + path, e);
        }
    }

    /** What was begun and not ended with a line feed, of each file that was there. */
    List<String> unfinished() {
        return opened.stream().map(f -> f.unfinished.toString()).toList();
    }

    private void look() throws IOException {
        try {
            Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
            if (opened.stream().noneMatch(f -> f.key.equals(key))) {
                opened.add(new Opened(key, FileChannel.open(path, StandardOpenOption.READ)));
            }
        } catch (NoSuchFileException e) {
            // Not here, not yet, or no more.
            return;
        }
    }

    private long read(Opened file) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        long bytes = 0;
        for (int n = file.channel.read(buffer); n > 0; n = file.channel.read(buffer)) {
            bytes += n;
            file.unfinished.append(new String(buffer.array(), 0, n, StandardCharsets.ISO_8859_1));
            buffer.clear();
        }
        for (int end = file.unfinished.indexOf("\n"); end >= 0; end = file.unfinished.indexOf("\n")) {
            onLine.accept(file.unfinished.substring(0, end));
            file.unfinished.delete(0, end + 1);
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        for (Opened file : opened) {
            file.channel.close();
        }
    }
}
