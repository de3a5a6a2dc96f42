package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.util.Random;

/** Volumes for tests. */
final class Disks {
    static final ChunkId BASE_ID = new ChunkId(1, 2, 3, 4);

    private Disks() {}

    /** A read-only volume of these bytes. */
    static Volume ofBytes(byte[] bytes) {
        return new ReadOnlyVolume() {
            @Override
            public long sizeBytes() {
                return bytes.length;
            }

            @Override
            public void read(long offset, long address, int length) {
                NativeBuffer.copy(bytes, (int) offset, address, length);
            }

            @Override
            public void close() {}
        };
    }

    static byte[] random(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static byte[] read(Volume volume, long offset, int length) throws IOException {
        NativeBuffer memory = new NativeBuffer(length + 1);
        volume.read(offset, memory.address(), length);
        byte[] bytes = new byte[length];
        NativeBuffer.copy(memory.address(), bytes, 0, length);
        return bytes;
    }

    static byte[] readAll(Volume volume) throws IOException {
        return read(volume, 0, (int) volume.sizeBytes());
    }

    static void write(Volume volume, long offset, byte[] bytes) throws IOException {
        NativeBuffer memory = new NativeBuffer(bytes.length + 1);
        NativeBuffer.copy(bytes, 0, memory.address(), bytes.length);
        volume.write(offset, memory.address(), bytes.length);
    }
}
