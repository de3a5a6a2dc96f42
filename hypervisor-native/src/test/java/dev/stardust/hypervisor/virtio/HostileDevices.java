package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.virtio.balloon.HostileBalloon;
import dev.stardust.hypervisor.virtio.blk.HostileDisk;
import dev.stardust.hypervisor.virtio.scsi.HostileCd;
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
        all.put("scsi", memory -> new HostileCd());
        return all;
    }
}
