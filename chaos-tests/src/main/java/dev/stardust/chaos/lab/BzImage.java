package dev.stardust.chaos.lab;

import dev.stardust.chaos.External;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Takes the kernel proper, an ELF file, out of a compressed kernel image (kernel: Documentation/arch/x86/boot.rst). */
final class BzImage {
    private static final int SETUP_SECTS = 0x1f1;
    private static final int HEADER_MAGIC = 0x202;
    private static final int VERSION = 0x206;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int HEADER_END = 0x250;
    private static final int SECTOR_BYTES = 512;
    private static final int HDRS = 0x53726448; // "HdrS"
    private static final int PAYLOAD_VERSION = 0x208; // from here on it tells where the payload is
    private static final int LZ4_LEGACY = 0x184c_2102;
    private static final int ELF = 0x464c_457f;

    /** Behind an lz4 payload the build puts the size of what is in it. */
    private static final int SIZE_BYTES = 4;

    private static final int UNPACK_TIMEOUT_S = 60;

    private BzImage() {}

    /**
     * Writes the ELF file.
     *
     * @throws IOException if the image is no bzImage, is not compressed by lz4, or what is in it is no ELF file of the
     *     size it tells
     */
    static void extract(Path image, Path elf) throws IOException {
        byte[] payload = payload(Files.readAllBytes(image));
        Path packed = elf.resolveSibling(elf.getFileName() + ".lz4");
        try {
            Files.write(packed, Arrays.copyOf(payload, payload.length - SIZE_BYTES));
            External.run(UNPACK_TIMEOUT_S, List.of("lz4", "-d", "-q", "-f", packed.toString(), elf.toString()));
        } finally {
            Files.deleteIfExists(packed);
        }
        int told = little(payload).getInt(payload.length - SIZE_BYTES);
        byte[] kernel = Files.readAllBytes(elf);
        if (kernel.length != told || little(kernel).getInt(0) != ELF) {
            throw new IOException(image + " unpacks to " + kernel.length + " bytes that are no ELF file of " + told);
        }
    }

    /** The compressed part of an image, with the size at its end. */
    static byte[] payload(byte[] image) throws IOException {
        ByteBuffer b = little(image);
        check(image.length >= HEADER_END && b.getInt(HEADER_MAGIC) == HDRS, "it is no bzImage");
        check(b.getShort(VERSION) >= PAYLOAD_VERSION, "its header is too old to tell where the kernel is");
        long start =
                (long) ((b.get(SETUP_SECTS) & 0xff) + 1) * SECTOR_BYTES + (b.getInt(PAYLOAD_OFFSET) & 0xffff_ffffL);
        long length = b.getInt(PAYLOAD_LENGTH) & 0xffff_ffffL;
        check(length > 2 * SIZE_BYTES && start + length <= image.length, "its payload reaches past its end");
        byte[] payload = Arrays.copyOfRange(image, (int) start, (int) (start + length));
        check(little(payload).getInt(0) == LZ4_LEGACY, "it is not compressed by lz4");
        return payload;
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void check(boolean ok, String otherwise) throws IOException {
        if (!ok) {
            throw new IOException("cannot take the kernel out of an image: " + otherwise);
        }
    }
}
