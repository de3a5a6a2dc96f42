package dev.stardust.hypervisor.virtio;

/**
 * A descriptor of a device whose becoming readable is a reason to serve a queue. It is watched for changes (edge): who
 * serves the queue reads until nothing is left, or is served again for another reason.
 *
 * @param fd the descriptor, which stays open as long as the transport
 * @param queue the queue
 */
public record Wakeup(int fd, int queue) {}
