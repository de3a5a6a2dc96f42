package dev.stardust.hypervisor.virtio;

/** Feature bits of ring and transport, section 6. */
final class VirtioFeatures {
    static final long RING_INDIRECT_DESC = 1L << 28;
    static final long RING_EVENT_IDX = 1L << 29;
    static final long VERSION_1 = 1L << 32;

    /** What the transport offers for every device. */
    static final long OFFERED = RING_INDIRECT_DESC | RING_EVENT_IDX | VERSION_1;

    private VirtioFeatures() {}
}
