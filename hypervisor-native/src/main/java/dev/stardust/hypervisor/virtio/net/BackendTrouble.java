package dev.stardust.hypervisor.virtio.net;

import dev.stardust.hypervisor.libc.Errno;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells once that a network fails and not again for each frame, which a guest could fill the log with. */
final class BackendTrouble {
    private static final Logger LOG = LoggerFactory.getLogger(BackendTrouble.class);

    private final String mac;
    private int lastErrno;

    BackendTrouble(String mac) {
        this.mac = mac;
    }

    void failed(String what, int errno) {
        if (errno != lastErrno) {
            lastErrno = errno;
            LOG.warn("network {}: {} a frame failed: {}; further ones are only counted", mac, what, Errno.text(errno));
        }
    }
}
