package dev.stardust.chunk.file;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * A small JSON file with a head line that names its kind, version and checksum; see {@code docs/formats.md}. It is
 * replaced as a whole: written beside, fsynced, renamed, folder fsynced.
 */
public final class SealedJson {
    private static final Pattern HEAD =
            Pattern.compile("([a-z-]{1,40}) ([0-9]{1,9}) crc32c=([0-9a-f]{8}) bytes=([0-9]{1,9})");
    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private SealedJson() {}

    /** Loads what writing and reading values like this one takes: 40 ms the first time. */
    public static void warmUp(Object value) {
        try {
            JSON.readValue(JSON.writeValueAsBytes(value), value.getClass());
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot be read again: " + value, e);
        }
    }

    /** Writes {@code value} to {@code file}; durable when it returns. */
    public static void write(Path file, String kind, int version, Object value) throws IOException {
        byte[] body = JSON.writeValueAsBytes(value);
        String head =
                kind + " " + version + " crc32c=" + checksum(kind, version, body) + " bytes=" + body.length + "\n";
        Path beside = file.resolveSibling(file.getFileName() + ".new");
        try {
            writeBeside(beside, head, body);
        } catch (IOException e) {
            Files.deleteIfExists(beside);
            throw new IOException("cannot write " + file + ": " + e.getMessage(), e);
        }
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel folder = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
    }

    private static void writeBeside(Path beside, String head, byte[] body) throws IOException {
        try (FileChannel out = FileChannel.open(
                beside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeAll(out, ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
            writeAll(out, ByteBuffer.wrap(body));
            out.force(true);
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws DamagedFileException when the file is of another kind, of a newer version, or damaged; its text says what
     *     to do
     */
    public static <T> T read(Path file, String kind, int version, Class<T> type) throws IOException {
        byte[] all = Files.readAllBytes(file);
        int lineEnd = 0;
        while (lineEnd < all.length && all[lineEnd] != '\n') {
            lineEnd++;
        }
        Matcher head = HEAD.matcher(new String(all, 0, lineEnd, StandardCharsets.ISO_8859_1));
        if (!head.matches() || !head.group(1).equals(kind)) {
            throw new DamagedFileException(file + " is no " + kind + " file: restore it from a backup or move it away");
        }
        if (Integer.parseInt(head.group(2)) > version) {
            throw new DamagedFileException(file + " has version " + head.group(2) + ", this program knows up to "
                    + version + ": use a newer stardust");
        }
        int start = Math.min(lineEnd + 1, all.length);
        byte[] body = java.util.Arrays.copyOfRange(all, start, all.length);
        if (body.length != Integer.parseInt(head.group(4))
                || !checksum(kind, Integer.parseInt(head.group(2)), body).equals(head.group(3))) {
            throw new DamagedFileException(
                    file + " is damaged (its checksum is wrong): restore it from a backup or move it away");
        }
        try {
            return JSON.readValue(body, type);
        } catch (JsonProcessingException e) {
            throw new DamagedFileException(
                    file + " does not hold what a " + kind + " file holds: " + e.getOriginalMessage());
        }
    }

    /** Over kind and version too: a flipped bit in the head line is damage like any other. */
    private static String checksum(String kind, int version, byte[] body) {
        CRC32C crc = new CRC32C();
        crc.update((kind + " " + version).getBytes(StandardCharsets.US_ASCII));
        crc.update(body);
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
