package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.machine.MachineCore.Shape;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the core of one machine ready, of the shape that was asked for last, so that the next one of that shape does not
 * wait for KVM to make it. It is made some time after the last machine was, when that one's start needs the CPU no more;
 * its RAM takes no memory until it is written. A machine on a base has its core made when it is asked for, since the file
 * may be another by then.
 */
public final class ReadyCores implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReadyCores.class);
    private static final long IDLE_THREAD_MS = 2_000;

    private final long delayMs;
    private final ScheduledThreadPoolExecutor executor;
    private MachineCore ready;
    private Future<?> refill;
    private boolean closed;

    /**
     * Makes one that has nothing ready yet.
     *
     * @param delayMs how long after a machine was made the next core is
     */
    public ReadyCores(long delayMs) {
        this.delayMs = delayMs;
        executor = new ScheduledThreadPoolExecutor(1, work -> {
            Thread thread = new Thread(work, "ready-cores");
            thread.setDaemon(true);
            return thread;
        });
        executor.setKeepAliveTime(IDLE_THREAD_MS, TimeUnit.MILLISECONDS);
        executor.allowCoreThreadTimeOut(true);
        executor.setRemoveOnCancelPolicy(true);
    }

    /** Gives the core that is ready, or a new one; it belongs to the caller. Errors as {@link MachineCore#build}. */
    MachineCore take(Shape shape) {
        MachineCore core = shape.base() == null ? takeReady(shape) : null;
        return core == null ? MachineCore.build(shape) : core;
    }

    private synchronized MachineCore takeReady(Shape shape) {
        if (closed) {
            return null;
        }
        if (refill != null) {
            refill.cancel(false);
        }
        refill = executor.schedule(() -> makeReady(shape), delayMs, TimeUnit.MILLISECONDS);
        if (!isReady(shape)) {
            return null;
        }
        MachineCore core = ready;
        ready = null;
        return core;
    }

    synchronized boolean isReady(Shape shape) {
        return ready != null && ready.shape().equals(shape);
    }

    private void makeReady(Shape shape) {
        if (isReady(shape)) {
            return;
        }
        try {
            MachineCore core = MachineCore.build(shape);
            MachineCore other = replace(core);
            if (other != null) {
                other.close();
            }
        } catch (RuntimeException e) {
            LOG.debug("no machine of {} is kept ready: {}", shape, e.getMessage());
        }
    }

    /** Returns what is to be closed, or null. */
    private synchronized MachineCore replace(MachineCore core) {
        if (closed) {
            return core;
        }
        MachineCore before = ready;
        ready = core;
        return before;
    }

    /** Frees what is ready and keeps nothing ready any more. */
    @Override
    public void close() {
        MachineCore last;
        synchronized (this) {
            closed = true;
            last = ready;
            ready = null;
        }
        executor.shutdownNow();
        if (last != null) {
            last.close();
        }
    }
}
