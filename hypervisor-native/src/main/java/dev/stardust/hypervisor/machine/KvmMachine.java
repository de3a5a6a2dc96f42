package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A machine of KVM in this process. The calls of {@link Machine} are done one after the other on a thread of the machine
 * that exists while there is something to do. The others are synchronous; those that touch memory or the dirty log must
 * have returned before {@link #destroy()} is called, except that they then fail when they come too late.
 */
public final class KvmMachine implements LocalMachine {
    private static final Logger LOG = LoggerFactory.getLogger(KvmMachine.class);
    private static final long IDLE_THREAD_MS = 2_000;

    private final MachineSpec spec;
    private final MachineListener listener;
    private final ExecutorService executor;
    private final MachineHardware hardware;
    private final VcpuThreads vcpus;

    private final Object phaseLock = new Object();
    private Phase phase = Phase.CREATED;
    private String reason = "";
    private long startedNs;
    private boolean started;

    /** Guards the hardware: held by each operation, so that none meets another half done. */
    private final Object operation = new Object();

    private boolean bootable;
    private boolean destroyed;

    private KvmMachine(
            MachineSpec spec,
            List<BlockBackend> disks,
            List<DevicePart> parts,
            MachineListener listener,
            Function<MachineCore.Shape, MachineCore> cores) {
        this.spec = spec;
        this.listener = listener;
        executor = newExecutor(spec.name());
        hardware = MachineHardware.build(spec, disks, parts, new GuestEnd(), this::faulted, cores);
        bootable = spec.boot() != null;
        try {
            vcpus = new VcpuThreads(spec.name(), hardware.vcpus(), hardware.exits());
        } catch (RuntimeException | Error e) {
            hardware.close();
            throw e;
        }
    }

    /**
     * Builds a machine and, if the spec names a kernel, loads it. Nothing runs before {@link #resume()}.
     *
     * @param spec what to build
     * @param disks the disks of the spec in order; they belong to the machine once it is built
     * @param listener hears of every change of phase
     * @throws MachineException if it cannot be built; nothing is left behind
     */
    public static KvmMachine create(MachineSpec spec, List<BlockBackend> disks, MachineListener listener) {
        return create(spec, disks, List.of(), listener);
    }

    /**
     * As the other, with more devices, which have their slots after the disks.
     *
     * @param parts the devices in order; they belong to the machine once it is built
     */
    public static KvmMachine create(
            MachineSpec spec, List<BlockBackend> disks, List<DevicePart> parts, MachineListener listener) {
        return new KvmMachine(spec, disks, parts, listener, MachineCore::build);
    }

    /** As the other, with its core from there. */
    public static KvmMachine create(
            MachineSpec spec,
            List<BlockBackend> disks,
            List<DevicePart> parts,
            MachineListener listener,
            ReadyCores cores) {
        return new KvmMachine(spec, disks, parts, listener, cores::take);
    }

    private static ExecutorService newExecutor(String name) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                1, 1, IDLE_THREAD_MS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "machine-" + name);
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        pool.prestartCoreThread(); // it comes up while the machine is built
        return pool;
    }

    @Override
    public String name() {
        return spec.name();
    }

    @Override
    public CompletionStage<Void> resume() {
        return submit("resume", this::doResume);
    }

    @Override
    public CompletionStage<Void> pause() {
        return submit("pause", this::doPause);
    }

    @Override
    public CompletionStage<MachineState> saveState() {
        return submit("save the state of", this::doSaveState);
    }

    @Override
    public CompletionStage<Void> pressPowerButton() {
        return submit("press the power button of", () -> {
            requireAlive();
            require(Phase.RUNNING, "does not run");
            hardware.pressPowerButton();
            return null;
        });
    }

    @Override
    public CompletionStage<MachineStatus> status() {
        return CompletableFuture.completedStage(statusNow());
    }

    @Override
    public CompletionStage<List<DeviceReport>> devices() {
        return submit("look at the devices of", () -> {
            requireAlive();
            return hardware.devices();
        });
    }

    @Override
    public CompletionStage<Void> setBalloon(long targetBytes) {
        return submit("set the balloon of", () -> {
            requireAlive();
            hardware.setBalloon(targetBytes);
            return null;
        });
    }

    @Override
    public CompletionStage<Void> resizeTerminal(int columns, int rows) {
        return submit("resize the console of", () -> {
            requireAlive();
            hardware.resizeTerminal(columns, rows);
            return null;
        });
    }

    @Override
    public CompletionStage<Void> destroy() {
        return submit("destroy", this::doDestroy);
    }

    @Override
    public MachineStatus statusNow() {
        synchronized (phaseLock) {
            long uptimeMs = started ? TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNs) : 0;
            return new MachineStatus(phase, reason, uptimeMs, vcpus.exits());
        }
    }

    @Override
    public GuestMemory memory() {
        return hardware.memory();
    }

    @Override
    public void restoreState(MachineState state) {
        operate("restore the state of", () -> {
            requireAlive();
            require(Phase.CREATED, "has run already; a state goes into a new machine only");
            if (spec.boot() != null) {
                throw new MachineException("it has a kernel to boot; give no kernel to restore a state");
            }
            hardware.restore(state);
            synchronized (phaseLock) {
                bootable = true;
                enter(Phase.PAUSED, "");
            }
            return null;
        });
    }

    @Override
    public void startDirtyLog() {
        operate("log the writes of", () -> {
            requireAlive();
            hardware.dirtyLog().start();
            return null;
        });
    }

    @Override
    public void stopDirtyLog() {
        operate("stop logging the writes of", () -> {
            requireAlive();
            hardware.dirtyLog().stop();
            return null;
        });
    }

    @Override
    public void collectDirty(DirtyBitmap into) {
        operate("collect the writes of", () -> {
            requireAlive();
            hardware.dirtyLog().collect(into);
            return null;
        });
    }

    private Void doResume() {
        requireAlive();
        synchronized (phaseLock) {
            switch (phase) {
                case RUNNING -> {
                    return null;
                }
                case ENDED, FAILED -> throw new MachineException("it has " + describeEnd());
                case CREATED, PAUSED -> {
                    if (!bootable) {
                        throw new MachineException("it has no kernel, and no state was restored");
                    }
                }
            }
            if (!started) {
                started = true;
                startedNs = System.nanoTime();
            }
            enter(Phase.RUNNING, "");
        }
        hardware.prepareToRun();
        vcpus.resume();
        synchronized (phaseLock) {
            if (phase != Phase.RUNNING) {
                vcpus.askToPark(); // the first vCPU ended the guest before the last one was started
            }
        }
        return null;
    }

    private Void doPause() {
        requireAlive();
        synchronized (phaseLock) {
            switch (phase) {
                case PAUSED -> {
                    return null;
                }
                case CREATED -> throw new MachineException("it has not been started");
                case ENDED, FAILED -> throw new MachineException("it has " + describeEnd());
                case RUNNING -> {}
            }
        }
        // The devices first, while the guest still runs: a request under way may be waiting for stable storage.
        hardware.pauseDevices();
        try {
            vcpus.park();
        } catch (MachineException e) {
            hardware.startDevices();
            throw e;
        }
        hardware.flushSerial();
        synchronized (phaseLock) {
            if (phase != Phase.RUNNING) {
                throw new MachineException("it has " + describeEnd());
            }
            enter(Phase.PAUSED, "");
        }
        return null;
    }

    private MachineState doSaveState() {
        requireAlive();
        require(Phase.PAUSED, "is not paused");
        return hardware.save();
    }

    private Void doDestroy() {
        if (!destroyed) {
            destroyed = true;
            vcpus.end();
            synchronized (phaseLock) {
                if (phase != Phase.ENDED && phase != Phase.FAILED) {
                    enter(Phase.ENDED, "destroyed");
                }
            }
            hardware.close();
        }
        return null;
    }

    private String describeEnd() {
        return (phase == Phase.ENDED ? "ended: " : "failed: ") + reason;
    }

    private void require(Phase wanted, String otherwise) {
        synchronized (phaseLock) {
            if (phase != wanted) {
                throw new MachineException("it " + otherwise);
            }
        }
    }

    private void requireAlive() {
        if (destroyed) {
            throw new MachineException("it was destroyed");
        }
    }

    /** Changes the phase, under its lock, and tells the listener in that order. */
    private void enter(Phase next, String why) {
        phase = next;
        reason = why;
        MachineStatus status = statusNow();
        executor.execute(() -> {
            try {
                listener.phaseChanged(status);
            } catch (RuntimeException e) {
                LOG.error("the listener of machine {} failed at {}", name(), status, e);
            }
        });
    }

    private void faulted(String device, String message) {
        try {
            listener.deviceFaulted(device, message);
        } catch (RuntimeException e) {
            LOG.error("the listener of machine {} failed at a fault of {}", name(), device, e);
        }
    }

    private <T> CompletionStage<T> submit(String what, Supplier<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        executor.execute(() -> {
            try {
                done.complete(operate(what, work));
            } catch (MachineException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private <T> T operate(String what, Supplier<T> work) {
        synchronized (operation) {
            try {
                return work.get();
            } catch (RuntimeException | Error e) {
                throw new MachineException("cannot " + what + " machine " + name() + ": " + e.getMessage(), e);
            }
        }
    }

    /** Hears on the vCPU's thread that the guest is over. */
    private final class GuestEnd implements ExitDispatcher.End {
        @Override
        public void ended(String why) {
            leave(Phase.ENDED, why);
        }

        @Override
        public void failed(String why) {
            leave(Phase.FAILED, why);
        }

        private void leave(Phase end, String why) {
            hardware.flushSerial();
            synchronized (phaseLock) {
                if (phase == Phase.RUNNING) {
                    enter(end, why);
                }
            }
            vcpus.askToPark();
        }
    }
}
