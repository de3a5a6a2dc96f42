package dev.stardust.chaos.store;

import dev.stardust.chunk.local.LocalStore;
import dev.stardust.chunk.local.ScrubResult;
import dev.stardust.chunk.manifest.Progress;
import dev.stardust.chunk.manifest.StreamData;
import dev.stardust.chunk.store.FileOpener;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Flips one bit of a store's files, looks whether it is noticed, and flips it back; again and again. */
final class BitFlips {
    private static final int IMAGES = 8;

    private final Path folder;
    private final Random random;

    /** What became of a flip. */
    enum Outcome {
        /** A scrub, the opening or the list of images tells of it. */
        TOLD,

        /** All images are as they were: it hit what is only a help, and is made anew. */
        HARMLESS
    }

    /** Makes the store in an empty folder. */
    BitFlips(Path folder, Random random) throws IOException {
        this.folder = folder;
        this.random = random;
        try (LocalStore store = open()) {
            for (int i = 0; i < IMAGES; i++) {
                store.importImage(
                        TestImage.name(i),
                        new StreamData("image", new ByteArrayInputStream(TestImage.content(i)), 0),
                        false,
                        Progress.NONE);
            }
        }
        open().close(); // Now the index of each full segment is there.
    }

    private LocalStore open() throws IOException {
        return Workload.open(folder.resolve("store"), FileOpener.REAL);
    }

    /**
     * One flip.
     *
     * @throws IllegalStateException if it is not noticed and does harm
     */
    Outcome flip() throws IOException {
        List<Path> files = files();
        long total = 0;
        for (Path file : files) {
            total += Files.size(file);
        }
        long at = (long) (random.nextDouble() * total);
        int index = 0;
        while (at >= Files.size(files.get(index))) {
            at -= Files.size(files.get(index++));
        }
        Path file = files.get(index);
        int bit = random.nextInt(Byte.SIZE);
        byte[] before = Files.readAllBytes(file);
        flipBit(file, at, bit);
        try {
            return outcome(file + " at " + at + ", bit " + bit);
        } finally {
            Files.deleteIfExists(folder.resolve("store/chunks/quarantine.json"));
            Files.write(file, before);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> walk = Files.walk(folder.resolve("store"))) {
            return walk.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static void flipBit(Path path, long at, int bit) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(at);
            int value = file.read();
            file.seek(at);
            file.write(value ^ (1 << bit));
        }
    }

    private Outcome outcome(String where) throws IOException {
        try (LocalStore store = open()) {
            ScrubResult scrub = store.scrub(0, null);
            if (!scrub.report().damages().isEmpty() || scrub.lost()) {
                return Outcome.TOLD;
            }
            for (int i = 0; i < IMAGES; i++) {
                Path out = folder.resolve("out");
                store.export(TestImage.name(i), out, Progress.NONE);
                boolean same = Arrays.equals(TestImage.content(i), Files.readAllBytes(out));
                Files.delete(out);
                if (!same) {
                    throw new IllegalStateException("a flipped bit of " + where + " was not noticed");
                }
            }
            return Outcome.HARMLESS;
        } catch (IOException e) {
            return Outcome.TOLD;
        }
    }
}
