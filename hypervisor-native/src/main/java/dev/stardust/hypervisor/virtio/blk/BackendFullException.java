package dev.stardust.hypervisor.virtio.blk;

import java.io.IOException;

/** What is to be written to a disk finds no room where the disk is kept. */
public final class BackendFullException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Takes over what the cause says. */
    public BackendFullException(IOException cause) {
        super(cause.getMessage(), cause);
    }
}
