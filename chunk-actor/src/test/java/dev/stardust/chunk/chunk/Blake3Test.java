package dev.stardust.chunk.chunk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Blake3Test {
    /** From test_vectors.json of the BLAKE3 reference: input byte i is i % 251. */
    @ParameterizedTest
    @CsvSource({
        "0, af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        "1, 2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
        "1024, 42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        "1025, d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
        "4096, 015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969",
        "102400, bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"
    })
    void theReferenceVectorsComeOut(int length, String hash) {
        byte[] input = new byte[length];
        for (int i = 0; i < length; i++) {
            input[i] = (byte) (i % 251);
        }
        assertEquals(hash, Blake3.hash(input).hex());
        assertEquals(
                hash, Blake3.hash(ByteBuffer.wrap(input).asReadOnlyBuffer()).hex());
        NativeBuffer copy = new NativeBuffer(length + 1);
        NativeBuffer.copy(input, 0, copy.address() + 1, length);
        assertEquals(hash, Blake3.hash(copy.address() + 1, length).hex());
    }

    @Test
    void positionAndLimitBoundWhatIsHashedAndStay() {
        byte[] bytes = new byte[100];
        new Random(1).nextBytes(bytes);
        ByteBuffer direct =
                ByteBuffer.allocateDirect(100).put(bytes).position(10).limit(90);
        ByteBuffer heap = ByteBuffer.wrap(bytes).position(10).limit(90);
        assertEquals(Blake3.hash(bytes, 10, 80), Blake3.hash(direct));
        assertEquals(Blake3.hash(bytes, 10, 80), Blake3.hash(heap));
        assertEquals(10, direct.position());
        assertEquals(80, heap.remaining());
    }

    @Property(tries = 20)
    void manyPagesAtOnceHashAsOneByOne(@ForAll long seed, @ForAll @IntRange(min = 1, max = 600) int pages) {
        byte[] bytes = new byte[pages * Blake3.PAGE_BYTES];
        new Random(seed).nextBytes(bytes);
        NativeBuffer memory = new NativeBuffer(bytes.length);
        NativeBuffer.copy(bytes, 0, memory.address(), bytes.length);
        NativeBuffer out = new NativeBuffer(pages * ChunkId.BYTES);
        Blake3.hashPages(memory.address(), pages, out.address());
        for (int i = 0; i < pages; i++) {
            ChunkId expected = Blake3.hash(memory.address() + (long) i * Blake3.PAGE_BYTES, Blake3.PAGE_BYTES);
            assertEquals(expected, ChunkId.get(out.address() + 32L * i), "page " + i + " of " + pages);
        }
    }
}
