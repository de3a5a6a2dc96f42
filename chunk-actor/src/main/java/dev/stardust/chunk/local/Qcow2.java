package dev.stardust.chunk.local;

import dev.stardust.chunk.file.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * QEMU's disk format ({@code docs/interop/qcow2.txt} of QEMU), read by {@code qemu-img}. An image may name other files, whose
 * content would then be read as part of it: such images are refused here, before qemu-img sees them.
 */
final class Qcow2 {
    private static final int MAGIC = 0x514649FB;
    private static final int HEADER_BYTES = 104;
    private static final int EXTERNAL_DATA = 1 << 2;

    private Qcow2() {}

    /** Whether a file is of this format. */
    static boolean is(Path file) throws IOException {
        ByteBuffer header = header(file);
        return header.limit() >= Integer.BYTES && header.getInt(0) == MAGIC;
    }

    /**
     * Writes the disk that {@code image} holds into a new raw, sparse file.
     *
     * @throws IOException when the image is damaged, needs other files, is encrypted or of a newer version
     */
    static void convert(Path image, Path raw) throws IOException {
        check(image);
        Tool.run(
                "qemu-utils",
                "to read " + image,
                List.of(
                        "qemu-img",
                        "convert",
                        "-f",
                        "qcow2",
                        "-O",
                        "raw",
                        "-S",
                        "4k",
                        "--",
                        image.toString(),
                        raw.toString()));
    }

    private static void check(Path image) throws IOException {
        ByteBuffer h = header(image);
        if (h.limit() < HEADER_BYTES) {
            throw new IOException(image + " is cut short: it has not even a whole header of qcow2");
        }
        int version = h.getInt(4);
        if (version != 2 && version != 3) {
            throw new IOException(image + " is qcow2 of version " + version + "; versions 2 and 3 are known");
        }
        if (h.getLong(8) != 0 || h.getInt(16) != 0) {
            throw new IOException(image + " is only what changed over another image (a backing file): flatten it first,"
                    + " by qemu-img convert -O qcow2, where that other image is");
        }
        if (h.getInt(32) != 0) {
            throw new IOException(image + " is encrypted: decrypt it first");
        }
        if (version == 3 && (h.getLong(72) & EXTERNAL_DATA) != 0) {
            throw new IOException(image + " keeps its data in another file: convert it first, by qemu-img convert");
        }
    }

    private static ByteBuffer header(Path image) throws IOException {
        try (InputStream in = Files.newInputStream(image)) {
            return ByteBuffer.wrap(in.readNBytes(HEADER_BYTES));
        }
    }
}
