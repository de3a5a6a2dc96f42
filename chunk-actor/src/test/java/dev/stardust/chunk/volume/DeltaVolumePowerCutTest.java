package dev.stardust.chunk.volume;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.stardust.chunk.testing.PowerCutFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class DeltaVolumePowerCutTest {
    private static final int SECTOR = 512;
    private static final int SECTORS = 8 * 24;

    @Property(tries = 150)
    void afterAPowerCutEverySectorHoldsWhatWasFlushedOrWrittenSince(
            @ForAll long seed, @ForAll @IntRange(max = 120) int calls) throws IOException {
        Path folder = Files.createTempDirectory("powercut");
        Path file = folder.resolve("before");
        Path after = folder.resolve("after");
        byte[] base = Disks.random(seed, SECTORS * SECTOR);
        DeltaVolume.open(file, Disks.ofBytes(base), Disks.BASE_ID).close();
        PowerCutFile[] disk = new PowerCutFile[1];
        DeltaVolume volume = DeltaVolume.open(file, Disks.ofBytes(base), Disks.BASE_ID, path -> {
            disk[0] = new PowerCutFile(path, calls);
            return disk[0];
        });
        // For each sector what it may hold: what was flushed last and everything written since.
        List<List<byte[]>> possible = new ArrayList<>();
        for (int s = 0; s < SECTORS; s++) {
            possible.add(new ArrayList<>(List.of(Arrays.copyOfRange(base, s * SECTOR, (s + 1) * SECTOR))));
        }
        Random random = new Random(seed);
        try {
            while (true) {
                if (random.nextInt(4) == 0) {
                    volume.flush();
                    possible.forEach(p -> p.subList(0, p.size() - 1).clear());
                } else {
                    int first = random.nextInt(SECTORS);
                    int count = 1 + random.nextInt(Math.min(20, SECTORS - first));
                    boolean zero = random.nextInt(3) == 0;
                    byte[] data = zero ? new byte[count * SECTOR] : Disks.random(random.nextLong(), count * SECTOR);
                    for (int i = 0; i < count; i++) {
                        possible.get(first + i).add(Arrays.copyOfRange(data, i * SECTOR, (i + 1) * SECTOR));
                    }
                    if (zero) {
                        volume.zero((long) first * SECTOR, data.length);
                    } else {
                        Disks.write(volume, (long) first * SECTOR, data);
                    }
                }
            }
        } catch (IOException powerIsOut) {
            disk[0].afterwards(after, random);
        }
        disk[0].close();
        try (DeltaVolume reopened = DeltaVolume.open(after, Disks.ofBytes(base), Disks.BASE_ID)) {
            for (int s = 0; s < SECTORS; s++) {
                byte[] got = Disks.read(reopened, (long) s * SECTOR, SECTOR);
                assertTrue(possible.get(s).stream().anyMatch(p -> Arrays.equals(p, got)), "sector " + s);
            }
        } finally {
            Files.delete(file);
            Files.delete(after);
            Files.delete(folder);
        }
    }
}
