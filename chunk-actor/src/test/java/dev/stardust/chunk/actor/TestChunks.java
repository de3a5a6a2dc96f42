package dev.stardust.chunk.actor;

import dev.stardust.chunk.chunk.Blake3;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Images, cut into chunks. */
final class TestChunks {
    private TestChunks() {}

    /** An image of which every other 32 KiB compress well. */
    static byte[] image(int bytes, long seed) {
        byte[] image = new byte[bytes];
        Random random = new Random(seed);
        byte[] noise = new byte[32 << 10];
        for (int at = 0; at < bytes; at += noise.length) {
            if (at / noise.length % 2 == 0) {
                random.nextBytes(noise);
            } else {
                for (int i = 0; i < noise.length; i++) {
                    noise[i] = (byte) (i / 64 + at / noise.length);
                }
            }
            System.arraycopy(noise, 0, image, at, Math.min(noise.length, bytes - at));
        }
        return image;
    }

    /** Chunks by their ids, in the order of the image. */
    static Map<ChunkId, byte[]> cut(byte[] image) {
        Map<ChunkId, byte[]> chunks = new LinkedHashMap<>();
        NativeBuffer memory = new NativeBuffer(image.length);
        NativeBuffer.copy(image, 0, memory.address(), image.length);
        try {
            for (int at = 0; at < image.length; ) {
                int length = FastCdc.DISK.cut(memory.address() + at, image.length - at);
                byte[] raw = Arrays.copyOfRange(image, at, at + length);
                chunks.put(Blake3.hash(raw), raw);
                at += length;
            }
        } finally {
            Reference.reachabilityFence(memory);
        }
        return chunks;
    }

    static ByteBuffer buffer(byte[] raw) {
        return ByteBuffer.wrap(raw);
    }
}
