package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.PageHasher;
import java.util.function.LongConsumer;

/**
 * What a host gives to its machines of QEMU.
 *
 * @param accelerator what runs the guest's code
 * @param hasher tells pages apart
 * @param afterStart hears the process id once QEMU runs and will not be started again in this process
 */
public record QemuHost(Accelerator accelerator, PageHasher hasher, LongConsumer afterStart) {
    /** Of a page, for those who hash. */
    static final int PAGE_BYTES = DirtyBitmap.PAGE_SIZE;
}
