package dev.stardust.vm.actor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Reads what guests wrote to their serial ports: the files that workers append to. */
public final class SerialLogs {
    /** Fits an Artery frame with room to spare. */
    private static final int MAX_PART_BYTES = 64 << 10;

    private final Path vmsDir;
    private final Executor blocking;

    /**
     * Logs below a host's folder of VMs.
     *
     * @param blocking where files may be read
     */
    public SerialLogs(Path vmsDir, Executor blocking) {
        this.vmsDir = vmsDir;
        this.blocking = blocking;
    }

    /** At most 64 KiB from {@code offset}; an offset behind the end, as after a rotation, begins anew at the start. */
    public CompletionStage<LogPart> read(String vm, long offset) {
        return CompletableFuture.supplyAsync(() -> part(file(vm), offset), blocking);
    }

    /** The log's file. */
    public Path file(String vm) {
        return vmsDir.resolve(vm).resolve("serial.log");
    }

    private static LogPart part(Path file, long offset) {
        if (!Files.exists(file)) {
            return new LogPart(new byte[0], 0, false, "");
        }
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = in.size();
            long from = offset > size ? 0 : offset;
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(MAX_PART_BYTES, size - from));
            while (bytes.hasRemaining() && in.read(bytes, from + bytes.position()) > 0) {
                // Read on until the part is full or the file ends.
            }
            byte[] data = java.util.Arrays.copyOf(bytes.array(), bytes.position());
            return new LogPart(data, from + data.length, from + data.length < size, "");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
