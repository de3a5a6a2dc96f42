package dev.stardust.hypervisor.virtio.net;

/**
 * What a virtio-net device sends to and receives from: whole Ethernet frames, each behind a header of
 * {@link #HEADER_BYTES}, a {@code struct virtio_net_hdr_v1} (section 5.1.6). Declared beside the device so that devices
 * never know host networks.
 *
 * <p>Reads and writes come from one thread at a time, allocate nothing, and neither block nor throw. Addresses are native
 * addresses that the caller has checked.
 */
public interface NetBackend extends AutoCloseable {
    /** Bytes before each frame. */
    int HEADER_BYTES = 12;

    /** Most bytes of a frame with its header: an Ethernet header with a VLAN tag, and an IP packet of 64 KiB - 1. */
    int MAX_BYTES = HEADER_BYTES + 18 + 65_535;

    /** The offloads of {@link NetFeatures} that it is capable of. */
    long offloads();

    /** From now on frames may need these of {@link #offloads}, which the driver agreed to, and no others. */
    void useOffloads(long features);

    /** A descriptor that becomes readable when a frame arrives. */
    int readableFd();

    /** A descriptor that becomes readable when a frame that was not taken is worth another try. */
    int writableFd();

    /**
     * Takes the next frame that arrived; what does not fit is cut off.
     *
     * @return its bytes with the header, 0 if there is none now, or a negated error number
     */
    int read(long address, int length);

    /**
     * Sends a frame.
     *
     * @param vectors {@code struct iovec}s, 16 bytes each: address and length; the first is the header, the others
     *     together the frame
     * @return its bytes with the header, 0 if it cannot be taken now, or a negated error number if it is lost
     */
    int write(long vectors, int count);

    /** Goes on with what it took and could not pass on whole; called when {@link #writableFd} was readable. */
    default void finishWrites() {}

    @Override
    void close();
}
