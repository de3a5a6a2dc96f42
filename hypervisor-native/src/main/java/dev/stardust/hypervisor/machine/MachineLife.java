package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all machines in this process have in common, whatever runs their guests: the phases that they go through, of which a
 * listener hears in order, and operations that are done one after the other, on a thread of the machine that exists while
 * there is something to do. May be used by any thread.
 */
public final class MachineLife {
    private static final Logger LOG = LoggerFactory.getLogger(MachineLife.class);
    private static final long IDLE_THREAD_MS = 2_000;

    private final String name;
    private final MachineListener listener;
    private final LongSupplier exits;
    private final ThreadPoolExecutor executor;

    private final Object phaseLock = new Object();
    private Phase phase = Phase.CREATED;
    private String reason = "";
    private long startedNs;
    private boolean started;

    /** Held by each operation, so that none meets another half done. Guards what follows. */
    private final Object operation = new Object();

    private boolean bootable;
    private boolean destroyed;

    /**
     * That of a new machine.
     *
     * @param bootable whether it can run without a state
     * @param exits how often the guest has been left so far
     */
    public MachineLife(String name, boolean bootable, LongSupplier exits, MachineListener listener) {
        this.name = name;
        this.exits = exits;
        this.bootable = bootable;
        this.listener = listener;
        executor = new ThreadPoolExecutor(
                1, 1, IDLE_THREAD_MS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "machine-" + name);
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        executor.prestartCoreThread(); // it comes up while the machine is built
    }

    /** Does an operation on the machine's thread; it fails if the machine was destroyed. */
    public <T> CompletionStage<T> submit(String what, Supplier<T> work) {
        return queue(executor, () -> operate(what, work));
    }

    /** As {@link #submit}, for what returns nothing. */
    public CompletionStage<Void> submit(String what, Runnable work) {
        return submit(what, () -> {
            work.run();
            return null;
        });
    }

    /** Ends the machine on its thread: {@code halt} stops what runs, {@code free} lets go of all. Once; later calls do nothing. */
    public CompletionStage<Void> destroy(Runnable halt, Runnable free) {
        return queue(
                executor,
                () -> exclusively("destroy", () -> {
                    if (!destroyed) {
                        destroyed = true;
                        halt.run();
                        end(Phase.ENDED, "destroyed");
                        free.run();
                    }
                    return null;
                }));
    }

    private static <T> CompletionStage<T> queue(ExecutorService executor, Supplier<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        executor.execute(() -> {
            try {
                done.complete(work.get());
            } catch (MachineException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    /**
     * Does an operation on this thread.
     *
     * @throws MachineException if it fails, that says what failed, or if the machine was destroyed
     */
    public <T> T operate(String what, Supplier<T> work) {
        return exclusively(what, () -> {
            if (destroyed) {
                throw new MachineException("it was destroyed");
            }
            return work.get();
        });
    }

    /** As the other, for what returns nothing. */
    public void operate(String what, Runnable work) {
        operate(what, () -> {
            work.run();
            return null;
        });
    }

    private <T> T exclusively(String what, Supplier<T> work) {
        synchronized (operation) {
            try {
                return work.get();
            } catch (RuntimeException | Error e) {
                throw new MachineException("cannot " + what + " machine " + name + ": " + e.getMessage(), e);
            }
        }
    }

    /** The machine as it is. */
    public MachineStatus status() {
        synchronized (phaseLock) {
            long uptimeMs = started ? TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNs) : 0;
            return new MachineStatus(phase, reason, uptimeMs, exits.getAsLong());
        }
    }

    /** Whether it runs. */
    public boolean running() {
        synchronized (phaseLock) {
            return phase == Phase.RUNNING;
        }
    }

    /** Whether it ever ran. */
    public boolean started() {
        synchronized (phaseLock) {
            return started;
        }
    }

    /** Whether it has to be set going; fails if it cannot be. Within an operation. */
    public boolean mustRun() {
        synchronized (phaseLock) {
            requireNotOver();
            if (!bootable) {
                throw new MachineException("it has no kernel, and no state was restored");
            }
            return phase != Phase.RUNNING;
        }
    }

    /** It runs from now on, unless it is over. */
    public void runs() {
        synchronized (phaseLock) {
            requireNotOver();
            if (!started) {
                started = true;
                startedNs = System.nanoTime();
            }
            enter(Phase.RUNNING, "");
        }
    }

    /** Whether it has to be halted; fails if it cannot be. */
    public boolean mustPause() {
        synchronized (phaseLock) {
            requireNotOver();
            if (phase == Phase.CREATED) {
                throw new MachineException("it has not been started");
            }
            return phase != Phase.PAUSED;
        }
    }

    /** It stands still from now on, unless it is over. */
    public void paused() {
        synchronized (phaseLock) {
            requireNotOver();
            enter(Phase.PAUSED, "");
        }
    }

    /** Fails unless a state may be restored. */
    public void requireNew() {
        require(Phase.CREATED, "has run already; a state goes into a new machine only");
        if (bootable) {
            throw new MachineException("it has a kernel to boot; give no kernel to restore a state");
        }
    }

    /** A state was restored: it can go on. Within an operation. */
    public void restored() {
        paused();
        bootable = true;
    }

    /** The guest is over, which it is once only; may come while an operation is under way. */
    public void end(Phase how, String why) {
        synchronized (phaseLock) {
            if (phase != Phase.ENDED && phase != Phase.FAILED) {
                enter(how, why);
            }
        }
    }

    /** Fails, saying that the machine {@code otherwise}, if it is in another phase. */
    public void require(Phase wanted, String otherwise) {
        synchronized (phaseLock) {
            if (phase != wanted) {
                requireNotOver();
                throw new MachineException("it " + otherwise);
            }
        }
    }

    private void requireNotOver() {
        if (phase == Phase.ENDED || phase == Phase.FAILED) {
            throw new MachineException("it has " + (phase == Phase.ENDED ? "ended: " : "failed: ") + reason);
        }
    }

    /** Changes the phase, under its lock, and tells the listener in that order. */
    private void enter(Phase next, String why) {
        phase = next;
        reason = why;
        MachineStatus status = status();
        executor.execute(() -> {
            try {
                listener.phaseChanged(status);
            } catch (RuntimeException e) {
                LOG.error("the listener of machine {} failed at {}", name, status, e);
            }
        });
    }
}
