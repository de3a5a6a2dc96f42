package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.libc.MappedMemory;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The ROM chip of a PC: it ends at 4 GiB. The image is a copy, so that no change of its file harms a guest. It belongs to
 * whoever opened it.
 */
public final class BiosRom implements AutoCloseable {
    /** Where the ROM ends, guest-physical. */
    public static final long END = 1L << 32;

    /** Below the largest ROM are KVM's own pages. */
    static final int MAX_BYTES = 256 << 10;

    private static final int UNIT_BYTES = 64 << 10;

    private final MappedMemory image;

    private BiosRom(MappedMemory image) {
        this.image = image;
    }

    /**
     * Reads an image.
     *
     * @throws BootException if it cannot be read or is not of a ROM's size
     */
    public static BiosRom open(Path path) {
        try (BootFile file = openFile(path)) {
            int size = (int) file.sizeBytes();
            MappedMemory image = MappedMemory.anonymous(size);
            try {
                new UnsafeBuffer(image.address(), size).putBytes(0, file.read(0, size), size);
            } catch (RuntimeException e) {
                image.close();
                throw e;
            }
            return new BiosRom(image);
        }
    }

    private static BootFile openFile(Path path) {
        BootFile file = BootFile.open("BIOS", path);
        try {
            check(file);
            return file;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Refuses a file that is no BIOS's image. */
    static void check(BootFile file) {
        long size = file.sizeBytes();
        if (size == 0 || size > MAX_BYTES || size % UNIT_BYTES != 0) {
            throw new BootException(
                    file.name() + " has " + size + " bytes; the image of a BIOS has 64, 128, 192 or 256 KiB");
        }
    }

    /** Its first byte, guest-physical. */
    public long guestAddress() {
        return END - image.length();
    }

    /** Its first byte in this process. */
    public long address() {
        return image.address();
    }

    public long sizeBytes() {
        return image.length();
    }

    @Override
    public void close() {
        image.close();
    }
}
