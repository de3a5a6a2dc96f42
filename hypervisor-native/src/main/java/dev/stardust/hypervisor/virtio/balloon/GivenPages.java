package dev.stardust.hypervisor.virtio.balloon;

import dev.stardust.hypervisor.virtio.DescriptorChain;
import dev.stardust.hypervisor.virtio.DeviceQueue;

/**
 * A queue by whose requests the driver gives pages up. A request may be of any length: it is worked off range by range,
 * over several turns if need be, and answered when all of it is done. Until then the driver may not use the pages, so
 * that it does no harm to begin anew.
 */
abstract class GivenPages {
    /** Works off the next range of the request at hand; false if nothing was left of it. */
    abstract boolean step(DescriptorChain request);

    /** Forgets how far it came: the next request is another one. */
    abstract void restart();

    final void serve(DeviceQueue requests) {
        for (DescriptorChain request = requests.next(); request != null; request = requests.next()) {
            boolean more = true;
            boolean over = false;
            while (more && !over) {
                more = step(request);
                over = requests.turnIsOver();
            }
            if (more) {
                requests.undo(1);
                return;
            }
            restart();
            requests.used(request, 0);
            requests.publish();
            if (over) {
                return;
            }
        }
    }
}
