package dev.stardust.chunk.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.StreamData;
import dev.stardust.chunk.volume.LayeredVolume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where volumes say that they are zero, they are, whatever their layers. */
class VolumeExtentTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path dir;

    private final byte[] expected = new byte[4 * MIB];
    private LocalStore store;
    private LocalVolumes volumes;

    @BeforeEach
    void importImageWithAHole() throws IOException {
        store = LocalStore.open(dir.resolve("store"));
        volumes = store.volumes();
        new Random(1).nextBytes(expected);
        Arrays.fill(expected, MIB, 3 * MIB, (byte) 0);
        store.importImage(
                "image",
                new StreamData("image", new ByteArrayInputStream(expected), expected.length),
                false,
                Progress.NONE);
        volumes.createFrom("v", store.image("image"));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    /** How many bytes it knows to be zeros. */
    private long zeros() throws IOException {
        try (LayeredVolume v = volumes.open("v")) {
            long zeros = 0;
            for (long at = 0; at < v.sizeBytes(); ) {
                long extent = v.extent(at, v.sizeBytes() - at);
                long n = Math.abs(extent);
                assertTrue(n >= 1 && n <= v.sizeBytes() - at, extent + " at " + at);
                byte[] there = Arrays.copyOfRange(expected, (int) at, (int) (at + n));
                if (extent < 0) {
                    zeros += n;
                    assertArrayEquals(new byte[there.length], there, "zeros at " + at);
                }
                at += n;
            }
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            VolumeStreams.read(v, 0, v.sizeBytes(), all);
            assertArrayEquals(Arrays.copyOf(expected, (int) v.sizeBytes()), all.toByteArray());
            return zeros;
        }
    }

    private void write(int offset, int length) throws IOException {
        byte[] data = new byte[length];
        new Random(offset).nextBytes(data);
        System.arraycopy(data, 0, expected, offset, length);
        try (LayeredVolume v = volumes.open("v")) {
            VolumeStreams.write(v, offset, new ByteArrayInputStream(data));
        }
    }

    @Test
    void holesOfTheImageAndOfWhatWasWrittenAreKnownThroughAllLayers() throws IOException {
        assertEquals(2 * MIB, zeros(), "the image's hole");
        write(2 * MIB, 64 << 10);
        assertEquals(2 * MIB - (64 << 10), zeros(), "a part of it was written");
        Arrays.fill(expected, 0, 256 << 10, (byte) 0);
        try (LayeredVolume v = volumes.open("v")) {
            v.zero(0, 256 << 10);
        }
        assertEquals(2 * MIB + (192 << 10), zeros(), "and data was discarded");
        volumes.deduplicate("v");
        assertEquals(2 * MIB + (192 << 10), zeros(), "which is as true of chunks");
        volumes.clone("v", "w");
        assertEquals(2 * MIB + (192 << 10), zeros(), "and of layers");
        volumes.resize("v", 3L * MIB);
        assertEquals(2 * MIB + (192 << 10), zeros());
        Arrays.fill(expected, 3 * MIB, 4 * MIB, (byte) 0);
        volumes.resize("v", 4L * MIB);
        assertEquals(3 * MIB + (192 << 10), zeros(), "what was cut off and added again is zero");
    }

    @Test
    void rangesOutsideAreRefused() throws IOException {
        try (LayeredVolume v = volumes.open("v")) {
            assertThrows(IndexOutOfBoundsException.class, () -> v.extent(v.sizeBytes() - 1, 2));
            assertThrows(IndexOutOfBoundsException.class, () -> v.extent(-1, 2));
        }
    }
}
