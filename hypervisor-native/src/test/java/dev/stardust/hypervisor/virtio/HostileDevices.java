package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.virtio.balloon.HostileBalloon;
import dev.stardust.hypervisor.virtio.blk.HostileDisk;
import dev.stardust.hypervisor.virtio.console.HostileConsole;
import dev.stardust.hypervisor.virtio.net.HostileNic;
import dev.stardust.hypervisor.virtio.rng.HostileRng;
import dev.stardust.hypervisor.virtio.scsi.HostileCd;
import dev.stardust.hypervisor.virtio.vsock.HostileVsock;
import java.util.Map;
import java.util.TreeMap;

/** All devices that hostile drivers are let loose on, by name. */
final class HostileDevices {
    private HostileDevices() {}

    static Map<String, HostileSubject.Factory> all() {
        Map<String, HostileSubject.Factory> all = new TreeMap<>();
        all.put("balloon", HostileBalloon::new);
        all.put("blk", memory -> new HostileDisk(false));
        all.put("blk, read-only", memory -> new HostileDisk(true));
        all.put("console", memory -> new HostileConsole());
        all.put("net", memory -> new HostileNic());
        all.put("rng", memory -> new HostileRng());
        all.put("scsi", memory -> new HostileCd());
        all.put("vsock", memory -> new HostileVsock());
        return all;
    }
}
