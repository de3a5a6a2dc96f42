package dev.stardust.hypervisor.device;

import dev.stardust.hypervisor.console.ConsoleBackend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file a guest's serial output is appended to. Output reaches the file at each newline, when the buffer is full and
 * at {@link #flush()}. A file that passes its limit is replaced by its newer half, from the start of a line; the
 * replacement is complete before it takes the name, so a reader sees the old file or the new one.
 *
 * <p>The guest must not suffer from a full disk: output that cannot be written is dropped and reported once. As a
 * console it is one that nobody types at.
 */
public final class SerialLog implements ConsoleBackend, AutoCloseable {
    /** Bytes a log file may grow to. */
    public static final int LIMIT = 4 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(SerialLog.class);
    private static final Set<StandardOpenOption> APPEND =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);

    private final Path path;
    private final int limit;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
    private FileChannel file;
    private long size;
    private boolean failing;

    /**
     * Opens or makes the file.
     *
     * @throws UncheckedIOException if it cannot be opened for writing
     */
    public SerialLog(Path path) {
        this(path, LIMIT);
    }

    SerialLog(Path path, int limit) {
        this.path = path;
        this.limit = limit;
        try {
            open();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the serial log " + path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void output(byte value) {
        buffer.put(value);
        if (value == '\n' || !buffer.hasRemaining()) {
            flush();
        }
    }

    @Override
    public synchronized void output(DirectBuffer from, int offset, int length) {
        for (int i = 0; i < length; i++) {
            output(from.getByte(offset + i));
        }
    }

    @Override
    public int input(MutableDirectBuffer into, int offset, int length) {
        return 0;
    }

    @Override
    public void onInput(Runnable listener) {
        // Nobody types here.
    }

    @Override
    public synchronized void flush() {
        if (buffer.position() == 0) {
            return;
        }
        buffer.flip();
        try {
            while (buffer.hasRemaining()) {
                file.write(buffer);
            }
            // Asked anew: a migration may have put an earlier host's output into the file.
            size = file.size();
            if (size > limit) {
                keepNewerHalf();
            }
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                failing = true;
                LOG.warn("serial output is lost: cannot write {}: {}", path, e.toString());
            }
        } finally {
            buffer.clear();
        }
    }

    private void open() throws IOException {
        file = FileChannel.open(path, APPEND);
        size = file.size();
    }

    private void keepNewerHalf() throws IOException {
        Path rest = path.resolveSibling(path.getFileName() + ".new");
        int keep = limit / 2;
        ByteBuffer tail = ByteBuffer.allocate(keep);
        try (FileChannel old = FileChannel.open(path, StandardOpenOption.READ)) {
            long from = size - keep;
            while (tail.hasRemaining() && old.read(tail, from + tail.position()) >= 0) {}
        }
        tail.flip();
        skipPartialLine(tail);
        try (FileChannel out = FileChannel.open(
                rest, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            while (tail.hasRemaining()) {
                out.write(tail);
            }
        }
        Files.move(rest, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        FileChannel old = file;
        open();
        old.close();
    }

    private static void skipPartialLine(ByteBuffer tail) {
        for (int i = 0; i < tail.limit(); i++) {
            if (tail.get(i) == '\n') {
                tail.position(i + 1);
                return;
            }
        }
    }

    @Override
    public synchronized void close() {
        flush();
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("cannot close the serial log {}: {}", path, e.toString());
        }
    }
}
