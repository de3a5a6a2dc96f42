package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.ForeignPages;
import dev.stardust.hypervisor.memory.GuestMemory;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The RAM of a clone: QEMU maps the base's file privately, so that clones share it, and keeps what its guest writes to itself.
 * Here is a second view of the same base, into which those pages are copied when they are wanted.
 */
final class BasePages {
    private final GuestMemory view;
    private final ForeignPages own;

    /**
     * The RAM of a QEMU that runs.
     *
     * @param view a private mapping of the base in this process
     */
    BasePages(Path base, GuestMemory view, long pid) throws IOException {
        this.view = view;
        this.own = ForeignPages.of(pid, base, view.sizeBytes());
    }

    /** Copies the guest's own pages as they are now. */
    void refresh() {
        DirtyBitmap pages = DirtyBitmap.forBytes(view.sizeBytes());
        own.addTouched(pages);
        own.copy(pages, view.address());
    }
}
