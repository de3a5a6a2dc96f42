package dev.stardust.hypervisor.virtio;

import dev.stardust.hypervisor.libc.EventFd;
import java.util.concurrent.locks.ReentrantLock;

/** What a transport hands to its device: one queue during one turn. Used under the transport's lock. */
final class ServedQueue implements DeviceQueue {
    /** Most pieces of work in one turn, so that devices that share a worker get theirs. */
    private static final int BATCH = 32;

    private final VirtQueue queue;
    private final EventFd notify;
    private final DescriptorChain chain;
    private final ReentrantLock lock;
    private int work;
    private boolean published;

    /**
     * Makes one.
     *
     * @param notify signalled when the queue is to be served again
     * @param chain where requests are put, shared by the transport's queues
     * @param lock the transport's, on which others may be waiting
     */
    ServedQueue(VirtQueue queue, EventFd notify, DescriptorChain chain, ReentrantLock lock) {
        this.queue = queue;
        this.notify = notify;
        this.chain = chain;
        this.lock = lock;
    }

    void beginTurn() {
        work = 0;
        published = false;
    }

    /** Whether the driver is to be interrupted for what this turn published. */
    boolean interrupts() {
        return published && queue.wantsInterrupt();
    }

    @Override
    public int size() {
        return queue.size();
    }

    @Override
    public DescriptorChain next() {
        return queue.next(chain) ? chain : null;
    }

    @Override
    public void undo(int count) {
        queue.undo(count);
    }

    @Override
    public void used(DescriptorChain done, long writtenBytes) {
        queue.addUsed(done.head(), writtenBytes);
    }

    @Override
    public void publish() {
        queue.publish();
        published = true;
    }

    @Override
    public boolean turnIsOver() {
        boolean over = ++work == BATCH || lock.hasQueuedThreads();
        if (over) {
            notify.signal();
        }
        return over;
    }
}
