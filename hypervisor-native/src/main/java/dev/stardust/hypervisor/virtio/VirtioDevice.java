package dev.stardust.hypervisor.virtio;

/**
 * A virtio device (Virtual I/O Device specification 1.2) apart from how the guest reaches it. The transport owns
 * registers and queues and hands each request over as a checked chain. A device never throws for what the guest did,
 * except {@link VirtioFaultException} from {@link #serve}.
 */
public interface VirtioDevice {
    /** The device's number, section 5. */
    int deviceId();

    /** The device's own feature bits, section 5; those of the ring and the transport are added by the transport. */
    long features();

    /** Number of queues. */
    int queueCount();

    /** Most descriptors a queue may have, a power of two, at most 32768. */
    int queueMaxSize(int queue);

    /**
     * Reads the configuration space from a vCPU thread.
     *
     * @param offset bytes from its start, any number
     * @param width 1, 2, 4 or 8 bytes
     * @return little-endian, zero where there is nothing
     */
    long readConfig(long offset, int width);

    /** Writes the configuration space from a vCPU thread; ignored where nothing can be written. */
    void writeConfig(long offset, int width, long value);

    /** The driver is ready; it accepted these feature bits, all of which were offered. */
    void activate(long features);

    /** Back to what it was after power-on. No request is under way. */
    void reset();

    /**
     * Serves one request. Allocates nothing.
     *
     * @param chain the request's buffers, only valid during the call
     * @return bytes written into the chain's writable part, counted from its start
     * @throws VirtioFaultException if the request cannot be answered at all
     */
    long serve(int queue, DescriptorChain chain);

    /** The device's own state, at most 64 KiB; called while no request is under way. */
    byte[] save();

    /**
     * Takes over a state that {@link #save} gave.
     *
     * @throws IllegalArgumentException telling why this device cannot go on from it
     */
    void restore(byte[] state);
}
