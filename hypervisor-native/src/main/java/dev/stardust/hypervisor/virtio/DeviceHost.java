package dev.stardust.hypervisor.virtio;

/** What a device may ask of its transport, from any thread. */
public interface DeviceHost {
    /** The configuration space reads otherwise from now on; the driver is told. */
    void configChanged();

    /** Has a queue served soon. Allocates nothing. */
    void wake(int queue);
}
