package dev.stardust.hypervisor.virtio;

/** A device all of whose queues are requests that it answers at once, one after the other. */
public interface RequestDevice extends VirtioDevice {
    /**
     * Answers one request. Allocates nothing.
     *
     * @param chain the request's buffers, only valid during the call
     * @return bytes written into the chain's writable part, counted from its start
     * @throws VirtioFaultException if the request cannot be answered at all
     */
    long answer(int queue, DescriptorChain chain);

    @Override
    default void serve(int queue, DeviceQueue requests) {
        for (DescriptorChain chain = requests.next(); chain != null; chain = requests.next()) {
            requests.used(chain, answer(queue, chain));
            requests.publish();
            if (requests.turnIsOver()) {
                return;
            }
        }
    }
}
