package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.kvm.KvmVcpu;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that runs one vCPU. It is parked, outside KVM_RUN and at an instruction boundary, or running; orders come
 * from other threads.
 *
 * <p>No order is lost: it is set first, then {@code immediate_exit}, then the signal is sent. A thread that has not yet
 * entered KVM_RUN finds {@code immediate_exit} there, one inside is interrupted. Only this thread takes
 * {@code immediate_exit} back, under the lock that orders are given under, and only when its order is to run.
 */
final class VcpuThread {
    /** What a vCPU's exits are given to, on its thread. */
    interface ExitHandler {
        /**
         * Answers the exit that {@code vcpu.exit()} tells about.
         *
         * @return whether the vCPU may go on
         */
        boolean handle(KvmVcpu vcpu);

        /** The vCPU cannot go on. */
        void failed(String reason);
    }

    private enum Order {
        PARK,
        RUN,
        END
    }

    private static final Logger LOG = LoggerFactory.getLogger(VcpuThread.class);
    private static final long STACK_BYTES = 256 << 10;
    private static final int MAX_NAME = 15;
    private static final long PARK_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(30);

    private final KvmVcpu vcpu;
    private final ExitHandler handler;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile Order order = Order.PARK;
    private boolean parked = true;
    private int tid;
    private final AtomicLong exits = new AtomicLong();

    VcpuThread(String machine, int id, KvmVcpu vcpu, ExitHandler handler) {
        this.vcpu = vcpu;
        this.handler = handler;
        String name = "vcpu" + id + "-" + machine;
        thread = new Thread(null, this::main, name.substring(0, Math.min(name.length(), MAX_NAME)), STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    /** Lets the vCPU run. */
    void resume() {
        give(Order.RUN);
    }

    /** Orders the vCPU out of the guest and returns at once; from any thread. A resume that follows takes it back. */
    void askToPark() {
        lock.lock();
        try {
            if (order == Order.RUN) {
                give(Order.PARK);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns when the vCPU is parked, as it was ordered to. Not from the vCPU's own thread.
     *
     * @throws MachineException if it does not come back within 30 s
     */
    void awaitParked() {
        lock.lock();
        try {
            awaitParkedLocked();
        } finally {
            lock.unlock();
        }
    }

    private void awaitParkedLocked() {
        boolean interrupted = false;
        long left = PARK_TIMEOUT_NS;
        while (!parked && left > 0) {
            try {
                left = changed.awaitNanos(left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!parked) {
            throw new MachineException(thread.getName() + " did not leave the guest within 30 s");
        }
    }

    /** Orders the thread to end and returns at once. */
    void askToEnd() {
        give(Order.END);
    }

    /** Waits for the thread, which was ordered to end. */
    void awaitEnd() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Exits to user space so far. */
    long exits() {
        return exits.get();
    }

    private void give(Order next) {
        lock.lock();
        try {
            order = next;
            if (next == Order.RUN) {
                changed.signalAll();
                return;
            }
            vcpu.requestExit();
            if (!parked) {
                KickSignal.send(tid);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void main() {
        tid = KickSignal.currentThread();
        while (awaitRun()) {
            try {
                runUntilParked();
            } catch (RuntimeException | Error e) {
                LOG.error("{} cannot go on", thread.getName(), e);
                parkMyself();
                handler.failed(e.getMessage());
            }
        }
    }

    /** Parks; returns true to run, false to end. */
    private boolean awaitRun() {
        lock.lock();
        try {
            parked = true;
            changed.signalAll();
            while (order == Order.PARK) {
                changed.awaitUninterruptibly();
            }
            if (order == Order.END) {
                return false;
            }
            vcpu.clearExitRequest();
            parked = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void runUntilParked() {
        while (order == Order.RUN) {
            if (!vcpu.run()) {
                clearStaleExitRequest();
            } else if (!handleExit()) {
                parkMyself();
            }
        }
        completePendingIo();
    }

    private boolean handleExit() {
        exits.lazySet(exits.getPlain() + 1); // written by this thread alone
        return handler.handle(vcpu);
    }

    /**
     * Lets the kernel finish an answered PIO or MMIO exit without running the guest further; until then the registers
     * are not those of an instruction boundary. An access of several parts exits once for each.
     */
    private void completePendingIo() {
        vcpu.requestExit();
        while (vcpu.run()) {
            handleExit();
        }
    }

    /** A PARK that a RUN followed before this thread saw it must not keep the vCPU out of the guest. */
    private void clearStaleExitRequest() {
        lock.lock();
        try {
            if (order == Order.RUN) {
                vcpu.clearExitRequest();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The guest ended; an order that came meanwhile stands. */
    private void parkMyself() {
        lock.lock();
        try {
            if (order == Order.RUN) {
                order = Order.PARK;
            }
        } finally {
            lock.unlock();
        }
    }
}
