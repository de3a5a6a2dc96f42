package dev.stardust.hypervisor.boot;

import java.util.Optional;

/** A kernel whose Multiboot header was read, and found to ask for nothing that this machine lacks. */
sealed interface MultibootKernel permits Multiboot1, Multiboot2 {
    /**
     * Where the image goes.
     *
     * @param ram RAM that is free; nothing of it is taken
     * @throws BootException if it asks for a place that there is not
     */
    MultibootImage place(FreeRam ram);

    /** What the kernel finds in EAX. */
    long magic();

    /**
     * The information structure.
     *
     * @param at the guest-physical address where it will be; its length does not depend on it
     * @throws BootException if the kernel demands something that {@code info} does not have
     */
    byte[] information(MultibootInfo info, long at);

    /** Whether a file has a header of either version. */
    static boolean isOne(BootFile file) {
        return Multiboot2Header.offset(file) >= 0 || Multiboot1.offset(file) >= 0;
    }

    /**
     * Reads the header of a kernel, that of version 2 if it has both; none if it has neither.
     *
     * @throws BootException if the kernel cannot be loaded, or demands what there is not
     */
    static Optional<MultibootKernel> find(BootFile file) {
        Optional<Multiboot2> second = Multiboot2.find(file);
        return second.isPresent()
                ? second.map(kernel -> kernel)
                : Multiboot1.find(file).map(kernel -> kernel);
    }
}
