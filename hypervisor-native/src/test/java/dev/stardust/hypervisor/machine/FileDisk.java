package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.concurrent.UnsafeBuffer;

/** A disk that is a plain file. */
final class FileDisk implements BlockBackend {
    private final FileChannel file;
    private final long sizeBytes;

    FileDisk(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        sizeBytes = file.size();
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offset, long address, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining() && file.read(bytes, offset + bytes.position()) >= 0) {}
        new UnsafeBuffer(address, length).putBytes(0, bytes.array());
    }

    @Override
    public void write(long offset, long address, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        new UnsafeBuffer(address, length).getBytes(0, bytes.array());
        while (bytes.hasRemaining()) {
            file.write(bytes, offset + bytes.position());
        }
    }

    @Override
    public void writeZeroes(long offset, long length) throws IOException {
        for (long done = 0; done < length; done++) {
            file.write(ByteBuffer.allocate(1), offset + done);
        }
    }

    @Override
    public void flush() throws IOException {
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
