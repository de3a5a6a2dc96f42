package dev.stardust.hypervisor.virtio;

/**
 * A queue as its device sees it while it serves it.
 *
 * <p>Requests are taken by {@link #next}, answered by {@link #used} and shown to the driver by {@link #publish}: several
 * at once where the driver must see all or none of them.
 */
public interface DeviceQueue {
    /** Descriptors that the driver chose to have, so at most as many requests wait. */
    int size();

    /**
     * Takes the next request.
     *
     * @return its buffers, valid until the next call, or null if there is none
     * @throws VirtioFaultException if the driver's rings or descriptors break the rules
     */
    DescriptorChain next();

    /** Takes the last {@code count} requests back as not taken; none of them was used. */
    void undo(int count);

    /**
     * Answers a request.
     *
     * @param chain what {@link #next} gave last
     * @param writtenBytes bytes written into its writable part, counted from its start
     */
    void used(DescriptorChain chain, long writtenBytes);

    /** Shows all answers to the driver; it is interrupted, if it wants to be, when serving ends. */
    void publish();

    /**
     * Whether others wait for their turn: the device returns when its work is in order. The queue is served again.
     * Asked after each piece of work.
     */
    boolean turnIsOver();
}
