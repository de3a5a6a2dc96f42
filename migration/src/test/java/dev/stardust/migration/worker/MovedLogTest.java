package dev.stardust.migration.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A serial log that grows, and is now and then replaced by its newer half, while it moves. */
class MovedLogTest {
    private static final int PIECE_BYTES = 64 << 10;

    @TempDir
    Path dir;

    @Test
    void framesLookAsTheyAlwaysDid() {
        byte[] log = new byte[9];
        assertEquals(9, StreamKind.putHeader(new UnsafeBuffer(log), 0, StreamKind.LOG, 0x0102030405060708L));
        assertEquals("010807060504030201", HexFormat.of().formatHex(log));
        byte[] other = new byte[2];
        assertEquals(1, StreamKind.putHeader(new UnsafeBuffer(other), 1, StreamKind.LOG_RESET, 7));
        assertEquals("0002", HexFormat.of().formatHex(other));
        assertEquals(1, StreamKind.putHeader(new UnsafeBuffer(other), 1, StreamKind.PAGES, 7));
        assertEquals("0000", HexFormat.of().formatHex(other));
    }

    @Property(tries = 100)
    void theTargetEndsWithTheSameFile(@ForAll long seed, @ForAll @Size(max = 12) boolean[] replaced)
            throws IOException {
        Path folder = Files.createTempDirectory("moved-log");
        Path from = folder.resolve("from");
        Path to = Files.write(folder.resolve("to"), new byte[100]);
        Random random = new Random(seed);
        try (SourceLog source = new SourceLog(from);
                TargetLog target = new TargetLog(to)) {
            source.sendNew(sink(target));
            for (boolean anew : replaced) {
                if (anew) {
                    Path rest = write(folder.resolve("from.new"), random);
                    Files.move(rest, from, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                } else {
                    write(from, random);
                }
                source.sendNew(sink(target));
                target.sync();
                assertArrayEquals(Files.readAllBytes(from), Files.readAllBytes(to));
            }
        }
        for (Path file : new Path[] {from, to, folder}) {
            Files.deleteIfExists(file);
        }
    }

    @Test
    void piecesThatDoNotFollowOrAreTooManyAreRefused() throws IOException {
        Path file = dir.resolve("log");
        UnsafeBuffer piece = new UnsafeBuffer(new byte[PIECE_BYTES]);
        try (TargetLog log = new TargetLog(file)) {
            refused(log, 1, piece, 1);
            refused(log, -1, piece, 1);
            refused(log, 0, piece, 0);
            refused(log, 0, piece, -1);
            refused(log, 0, piece, Integer.MAX_VALUE);
            for (long at = 0; at < TargetLog.MAX_BYTES; at += PIECE_BYTES) {
                log.append(at, piece, 0, PIECE_BYTES);
            }
            refused(log, TargetLog.MAX_BYTES, piece, 1);
            assertEquals(TargetLog.MAX_BYTES, Files.size(file));
            log.reset();
            log.append(0, piece, 0, 1);
        }
        assertEquals(1, Files.size(file));
    }

    private static void refused(TargetLog log, long offset, DirectBuffer piece, int bytes) {
        assertThrows(IllegalArgumentException.class, () -> log.append(offset, piece, 0, bytes));
    }

    private static Path write(Path file, Random random) throws IOException {
        byte[] bytes = new byte[random.nextInt(PIECE_BYTES * 3)];
        random.nextBytes(bytes);
        return Files.write(file, bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static LogSink sink(TargetLog target) {
        return new LogSink() {
            @Override
            public void log(long at, DirectBuffer buffer, int bytes) {
                try {
                    target.append(at, buffer, 0, bytes);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }

            @Override
            public void logReset() {
                try {
                    target.reset();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
    }
}
