package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.virtio.QueueWorker;

/**
 * The threads that serve the disks of all machines of this process. A few, shared: a thread for each machine would cost
 * memory, one for all would let a slow disk delay every guest. They are made when first needed and live as long as the
 * process.
 */
final class QueueWorkers {
    private static final QueueWorker[] WORKERS = new QueueWorker[4];

    private static int next;

    private QueueWorkers() {}

    /** The worker whose turn it is. */
    static synchronized QueueWorker take() {
        int turn = next;
        next = (next + 1) % WORKERS.length;
        if (WORKERS[turn] == null) {
            WORKERS[turn] = new QueueWorker("virtio-" + turn);
        }
        return WORKERS[turn];
    }
}
