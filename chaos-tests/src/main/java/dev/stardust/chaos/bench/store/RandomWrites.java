package dev.stardust.chaos.bench.store;

import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.local.LocalVolumes;
import dev.stardust.chunk.volume.LayeredVolume;
import java.io.IOException;
import java.util.Random;

/** Writes random bytes to random places of a volume, durably: what nothing can store in less. */
final class RandomWrites {
    private static final int WRITE_BYTES = 64 << 10;
    private static final int BLOCK_BYTES = 4096;

    private final Random random;
    private final int count;
    private final NativeBuffer data = new NativeBuffer(WRITE_BYTES);
    private final byte[] bytes = new byte[WRITE_BYTES];

    /** @param megabytes (10^6 bytes) for each volume, rounded up to whole writes */
    RandomWrites(long seed, int megabytes) {
        random = new Random(seed);
        count = (int) ((megabytes * 1_000_000L + WRITE_BYTES - 1) / WRITE_BYTES);
    }

    /** How much a volume gets. */
    long bytesEach() {
        return (long) count * WRITE_BYTES;
    }

    void write(LocalVolumes volumes, String name) throws IOException {
        try (LayeredVolume volume = volumes.open(name)) {
            long places = (volume.sizeBytes() - WRITE_BYTES) / BLOCK_BYTES;
            for (int i = 0; i < count; i++) {
                random.nextBytes(bytes);
                NativeBuffer.copy(bytes, 0, data.address(), WRITE_BYTES);
                volume.write(random.nextLong(places) * BLOCK_BYTES, data.address(), WRITE_BYTES);
            }
            volume.flush();
        }
    }
}
