package dev.stardust.ops.image;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A raw disk image that is looked into. */
final class RawDisk implements Closeable {
    private final FileChannel file;
    private final long sizeBytes;

    private RawDisk(FileChannel file, long sizeBytes) {
        this.file = file;
        this.sizeBytes = sizeBytes;
    }

    static RawDisk open(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new RawDisk(file, file.size());
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    long sizeBytes() {
        return sizeBytes;
    }

    /** Whether so many bytes from there on are in the disk. */
    boolean has(long at, long length) {
        return at >= 0 && length >= 0 && at <= sizeBytes && length <= sizeBytes - at;
    }

    /** Reads bytes that are in the disk, little-endian. */
    ByteBuffer read(long at, int length) throws IOException {
        if (!has(at, length)) {
            throw new IOException("a disk of " + sizeBytes + " bytes has no " + length + " at " + at);
        }
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, at + bytes.position()) < 0) {
                throw new IOException("the disk became smaller while it was read");
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
