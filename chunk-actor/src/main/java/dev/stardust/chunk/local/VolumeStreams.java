package dev.stardust.chunk.local;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.store.NativeFile;
import dev.stardust.chunk.volume.Volume;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;

/** Bytes from and to volumes. */
public final class VolumeStreams {
    private static final int PIECE_BYTES = 1 << 20;

    private VolumeStreams() {}

    /** Copies a range, which must lie inside the volume. */
    public static void read(Volume volume, long offset, long length, OutputStream to) throws IOException {
        NativeBuffer piece = new NativeBuffer(PIECE_BYTES);
        byte[] bytes = new byte[PIECE_BYTES];
        long end = offset + length;
        for (long at = offset; at < end; ) {
            int n = (int) Math.min(PIECE_BYTES, end - at);
            volume.read(at, piece.address(), n);
            NativeBuffer.copy(piece.address(), bytes, 0, n);
            to.write(bytes, 0, n);
            at += n;
        }
    }

    /**
     * Writes what comes, and flushes; gives how many bytes.
     *
     * @throws IOException when more comes than there is room for behind {@code offset}: what fits is written then
     */
    public static long write(Volume volume, long offset, InputStream from) throws IOException {
        NativeBuffer piece = new NativeBuffer(PIECE_BYTES);
        long at = offset;
        for (byte[] bytes = from.readNBytes(PIECE_BYTES); bytes.length > 0; bytes = from.readNBytes(PIECE_BYTES)) {
            int n = (int) Math.min(bytes.length, volume.sizeBytes() - at);
            NativeBuffer.copy(bytes, 0, piece.address(), n);
            volume.write(at, piece.address(), n);
            at += n;
            if (n < bytes.length) {
                volume.flush();
                throw new IOException("the volume ends at " + volume.sizeBytes() + ": more was to be written; "
                        + (at - offset) + " bytes are");
            }
        }
        volume.flush();
        return at - offset;
    }

    /**
     * Writes a volume into a new sparse file, which is there whole or not at all.
     *
     * @throws java.nio.file.FileAlreadyExistsException when the file is there
     */
    public static void export(Volume volume, Path target, Progress progress) throws IOException {
        NewFile.write(target, file -> {
            copy(volume, file, progress);
            file.sync();
        });
    }

    private static void copy(Volume volume, NativeFile file, Progress progress) throws IOException {
        file.truncate(volume.sizeBytes());
        NativeBuffer piece = new NativeBuffer(PIECE_BYTES);
        for (long at = 0; at < volume.sizeBytes(); ) {
            int n = (int) Math.min(PIECE_BYTES, volume.sizeBytes() - at);
            volume.read(at, piece.address(), n);
            if (!NativeBuffer.isZero(piece.address(), n)) {
                file.write(at, piece.address(), n);
            }
            at += n;
            progress.bytes(at, volume.sizeBytes());
        }
    }
}
