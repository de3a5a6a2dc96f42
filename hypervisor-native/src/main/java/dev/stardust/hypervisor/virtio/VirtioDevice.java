package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.metrics.DeviceMetrics;
import java.util.List;

/**
 * A virtio device (Virtual I/O Device specification 1.2) apart from how the guest reaches it. The transport owns
 * registers and queues and hands requests over as checked chains. A device never throws for what the guest did,
 * except {@link VirtioFaultException} from {@link #serve}.
 */
public interface VirtioDevice extends AutoCloseable {
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

    /**
     * Told once, before anything else, by which the device reaches its transport on its own account.
     *
     * @param host valid as long as the device
     */
    default void attach(DeviceHost host) {}

    /** Descriptors of the device that make its queues worth serving, such as a network's; asked for once. */
    default List<Wakeup> wakeups() {
        return List.of();
    }

    /** The driver is ready; it accepted these feature bits, all of which were offered. */
    void activate(long features);

    /** Back to what it was after power-on. No request is under way. */
    void reset();

    /**
     * Serves a queue: its driver made requests available, a {@link Wakeup} is readable, or the device asked for it. Also
     * called when there is nothing to do. Allocates nothing.
     *
     * @param requests the queue, only valid during the call
     * @throws VirtioFaultException if a request cannot be answered at all
     */
    void serve(int queue, DeviceQueue requests);

    /** The device's own state, at most 64 KiB; called while no request is under way. */
    byte[] save();

    /**
     * Takes over a state that {@link #save} gave.
     *
     * @throws IllegalArgumentException telling why this device cannot go on from it
     */
    void restore(byte[] state);

    /** What it counted since it was made; from any thread. */
    DeviceMetrics metrics();

    /** Frees what it holds; called by its transport when nothing is served any more, more than once is no error. */
    @Override
    default void close() {}
}
