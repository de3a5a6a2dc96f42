package dev.stardust.chaos.lab.cases;

import dev.stardust.chaos.lab.LabGuest;
import dev.stardust.hypervisor.machine.DevicePart;
import java.io.IOException;

/** What Linux does with one of its devices, seen from the host. */
interface DeviceWork extends AutoCloseable {
    /** The device. */
    DevicePart part();

    /** Takes its part in the work, and says by an exception what is not as it should be. */
    void check(LabGuest guest) throws IOException;

    @Override
    default void close() throws IOException {}
}
