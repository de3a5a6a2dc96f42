package dev.stardust.hypervisor.boot;

import dev.stardust.hypervisor.memory.GuestMemory;
import java.nio.file.Path;

/**
 * An initial RAM disk in guest memory.
 *
 * @param address guest-physical address, a multiple of the page size
 * @param sizeBytes its size, 0 if there is none
 */
record Initrd(long address, long sizeBytes) {
    private static final Initrd NONE = new Initrd(0, 0);
    private static final long PAGE = 0x1000;

    /**
     * Puts it as high as it may lie.
     *
     * @param path the file, or null for none
     * @param start the first address above the kernel
     * @param end the first address that it may not reach; memory may end before
     * @throws BootException if it cannot be read or does not fit
     */
    static Initrd load(Path path, GuestMemory memory, long start, long end) {
        if (path == null) {
            return NONE;
        }
        try (BootFile file = BootFile.open("initrd", path)) {
            long size = file.sizeBytes();
            if (size == 0) {
                throw new BootException(file.name() + " is empty");
            }
            long address = (Math.min(memory.sizeBytes(), end) - size) & -PAGE;
            if (address < start) {
                throw new BootException(
                        file.name() + " of " + size + " bytes does not fit above the kernel, which ends at "
                                + (start >> 20) + " MiB; the machine has " + (memory.sizeBytes() >> 20)
                                + " MiB of memory, give it more");
            }
            file.copyTo(memory, address, 0, size);
            return new Initrd(address, size);
        }
    }

    boolean isPresent() {
        return sizeBytes > 0;
    }
}
