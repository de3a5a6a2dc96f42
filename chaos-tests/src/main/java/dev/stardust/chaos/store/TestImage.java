package dev.stardust.chaos.store;

import java.util.Random;

/** Disk images that follow from a number: parts that others have too, parts of their own, half of which compress, holes. */
final class TestImage {
    private static final String NAME = "image-";
    private static final int PART_BYTES = 48 << 10;
    private static final int SHARED_PARTS = 64;
    private static final int MOST_PARTS = 40;
    private static final int SECTOR_BYTES = 512;

    private TestImage() {}

    static String name(int number) {
        return NAME + number;
    }

    /** Whether an image of that name is one of these. */
    static boolean isOne(String name) {
        return name.startsWith(NAME);
    }

    static int number(String name) {
        return Integer.parseInt(name.substring(NAME.length()));
    }

    static byte[] content(int number) {
        Random random = new Random(number);
        byte[] image = new byte[(1 + random.nextInt(MOST_PARTS)) * PART_BYTES + SECTOR_BYTES * random.nextInt(90)];
        for (int at = 0; at + PART_BYTES <= image.length; at += PART_BYTES) {
            switch (random.nextInt(5)) {
                case 0, 1 -> fill(image, at, -1 - random.nextInt(SHARED_PARTS));
                case 2, 3 -> fill(image, at, random.nextLong());
                default -> {} // a hole
            }
        }
        return image;
    }

    private static void fill(byte[] image, int at, long seed) {
        byte[] part = new byte[PART_BYTES];
        Random random = new Random(seed);
        if (random.nextBoolean()) {
            random.nextBytes(part);
        } else {
            for (int i = 0; i < part.length; i++) {
                part[i] = (byte) (i % 64 == 0 ? random.nextInt() : i % 64);
            }
        }
        System.arraycopy(part, 0, image, at, PART_BYTES);
    }
}
