package dev.stardust.chaos.lab.cases;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;

/** The RAM of a guest that goes on in another machine. */
final class GuestRam {
    private GuestRam() {}

    /** Copies all that was ever touched. */
    static void copy(GuestMemory from, GuestMemory to) {
        DirtyBitmap held = DirtyBitmap.forBytes(from.sizeBytes());
        from.addTouched(held);
        byte[] page = new byte[DirtyBitmap.PAGE_SIZE];
        held.forEachRun((first, count) -> {
            for (long at = first; at < first + count; at++) {
                from.read(at << DirtyBitmap.PAGE_SHIFT, page);
                to.write(at << DirtyBitmap.PAGE_SHIFT, page);
            }
        });
    }
}
