package dev.stardust.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.machine.LocalMachine;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineListener;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A machine that is a process of QEMU, driven by this one: its RAM is a memory file that both map, its disks are served to it,
 * its state is QEMU's migration stream without RAM. The calls of {@link dev.stardust.hypervisor.machine.Machine} are done one
 * after the other on a thread of the machine.
 */
public final class QemuMachine implements LocalMachine {
    private static final Logger LOG = LoggerFactory.getLogger(QemuMachine.class);
    private static final long COMMAND_MS = 30_000;
    private static final long IDLE_THREAD_MS = 2_000;

    private final QemuSpec spec;
    private final MachineListener listener;
    private final ExecutorService executor;
    private final QemuParts parts;

    private final Object phaseLock = new Object();
    private Phase phase = Phase.CREATED;
    private String reason = "";
    private long startedNs;
    private boolean started;
    private String guestEnd = "";

    /** Guards what follows: held by each operation, so that none meets another half done. */
    private final Object operation = new Object();

    private boolean bootable;
    private boolean destroyed;
    private DirtyByHash dirty;

    /** What was saved since the guest stood still: QEMU tells its state once only until it has gone on. */
    private MachineState saved;

    private QemuMachine(
            QemuSpec spec, List<BlockBackend> disks, BlockBackend cd, MachineListener listener, QemuHost host)
            throws IOException {
        this.spec = spec;
        this.listener = listener;
        executor = newExecutor(spec.machine().name());
        bootable = spec.machine().boot() != null;
        parts = QemuParts.build(spec, disks, cd, host, this::heard, this::processEnded);
    }

    /**
     * Builds a machine and starts its process, in which nothing runs before {@link #resume()}.
     *
     * @param disks the disks of the spec in order; they belong to the machine once it is built
     * @param cd what is in the CD drive, or null without one; belongs to the machine as well
     * @param listener hears of every change of phase
     * @throws IOException if it cannot be built, in words for the user; nothing is left behind
     */
    public static QemuMachine create(
            QemuSpec spec, List<BlockBackend> disks, BlockBackend cd, MachineListener listener, QemuHost host)
            throws IOException {
        return new QemuMachine(spec, disks, cd, listener, host);
    }

    private static ExecutorService newExecutor(String name) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                1, 1, IDLE_THREAD_MS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "machine-" + name);
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    @Override
    public String name() {
        return spec.machine().name();
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
            command("system_powerdown");
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
            return QemuDevices.reports(spec, parts.monitor().execute("query-blockstats", none(), COMMAND_MS));
        });
    }

    @Override
    public CompletionStage<Void> setBalloon(long targetBytes) {
        return submit("set the balloon of", () -> {
            requireAlive();
            long all = (long) spec.machine().memoryMib() << 20;
            if (!spec.balloon()) {
                throw new MachineException("it has no balloon");
            }
            if (targetBytes < 0 || targetBytes >= all) {
                throw new MachineException("a balloon of " + targetBytes + " bytes in " + all + " of memory");
            }
            parts.monitor().execute("balloon", none().put("value", all - targetBytes), COMMAND_MS);
            return null;
        });
    }

    @Override
    public CompletionStage<Void> resizeTerminal(int columns, int rows) {
        return CompletableFuture.failedStage(new MachineException(
                "QEMU cannot tell a guest of its console's size: use 'stardust exec -t', which can"));
    }

    @Override
    public CompletionStage<Void> destroy() {
        return submit("destroy", this::doDestroy);
    }

    @Override
    public MachineStatus statusNow() {
        synchronized (phaseLock) {
            long uptimeMs = started ? TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNs) : 0;
            return new MachineStatus(phase, reason, uptimeMs, 0);
        }
    }

    @Override
    public GuestMemory memory() {
        return parts.memory();
    }

    @Override
    public void restoreState(MachineState state) {
        operate("restore the state of", () -> {
            requireAlive();
            require(Phase.CREATED, "has run already; a state goes into a new machine only");
            if (spec.machine().boot() != null) {
                throw new MachineException("it has a kernel to boot; give no kernel to restore a state");
            }
            parts.restore(parts.kind().open(state));
            synchronized (phaseLock) {
                requireStillThere();
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
            dirty = new DirtyByHash(parts.memory(), parts.host().hasher());
            return null;
        });
    }

    @Override
    public void stopDirtyLog() {
        operate("stop logging the writes of", () -> {
            dirty = null;
            return null;
        });
    }

    @Override
    public void collectDirty(DirtyBitmap into) {
        operate("collect the writes of", () -> {
            requireAlive();
            if (dirty == null) {
                throw new MachineException("its writes are not being logged");
            }
            parts.refresh();
            if (statusNow().phase() == Phase.RUNNING) {
                dirty.look(into);
            } else {
                dirty.all(into);
            }
            return null;
        });
    }

    private Void doResume() {
        requireAlive();
        synchronized (phaseLock) {
            if (phase == Phase.RUNNING) {
                return null;
            }
            requireStillThere();
            if (!bootable) {
                throw new MachineException("it has no kernel, and no state was restored");
            }
        }
        boolean first = !started;
        if (first && spec.machine().boot() != null) {
            parts.forwards().openNow();
        }
        synchronized (phaseLock) {
            if (!started) {
                started = true;
                startedNs = System.nanoTime();
            }
            enter(Phase.RUNNING, "");
        }
        saved = null;
        command("cont");
        if (first && spec.machine().boot() == null) {
            parts.forwards().openWhenFree();
        }
        return null;
    }

    private Void doPause() {
        requireAlive();
        synchronized (phaseLock) {
            if (phase == Phase.PAUSED) {
                return null;
            }
            if (phase == Phase.CREATED) {
                throw new MachineException("it has not been started");
            }
            requireStillThere();
        }
        command("stop");
        parts.serial().drain();
        parts.refresh();
        synchronized (phaseLock) {
            requireStillThere();
            enter(Phase.PAUSED, "");
        }
        return null;
    }

    private MachineState doSaveState() {
        requireAlive();
        require(Phase.PAUSED, "is not paused");
        if (saved != null) {
            return saved;
        }
        try {
            byte[] stream = parts.state().save(parts.isClone());
            parts.refresh();
            saved = parts.kind().seal(stream);
            return saved;
        } catch (IOException e) {
            throw new MachineException(e.getMessage(), e);
        }
    }

    private Void doDestroy() {
        if (!destroyed) {
            destroyed = true;
            synchronized (phaseLock) {
                if (phase != Phase.ENDED && phase != Phase.FAILED) {
                    enter(Phase.ENDED, "destroyed");
                }
            }
            parts.close();
        }
        return null;
    }

    private void command(String name) {
        parts.monitor().execute(name, none(), COMMAND_MS);
    }

    private static ObjectNode none() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** What QEMU tells by itself, on the monitor's thread. */
    private void heard(JsonNode event) {
        String name = event.path("event").asText();
        synchronized (phaseLock) {
            if (name.equals("SHUTDOWN")) {
                boolean reset = event.path("data").path("reason").asText().equals("guest-reset");
                guestEnd = event.path("data").path("guest").asBoolean()
                        ? reset ? "guest asked for a reset" : "guest powered off"
                        : "";
            } else if (name.equals("GUEST_PANICKED") && phase == Phase.RUNNING) {
                enter(Phase.FAILED, "guest panicked");
            }
        }
    }

    /** QEMU is over, on a thread of its own. */
    private void processEnded(int status, String lastWords) {
        synchronized (phaseLock) {
            if (phase == Phase.ENDED || phase == Phase.FAILED) {
                return;
            }
            if (status == 0 && !guestEnd.isEmpty()) {
                enter(Phase.ENDED, guestEnd);
            } else {
                String how = status > 128 ? "of signal " + (status - 128) : "with exit status " + status;
                enter(Phase.FAILED, "QEMU ended " + how + (lastWords.isEmpty() ? "" : ": " + lastWords));
            }
        }
    }

    /** Refuses what cannot be done with a guest that is over; under the phase's lock. */
    private void requireStillThere() {
        if (phase == Phase.ENDED || phase == Phase.FAILED) {
            throw new MachineException("it has " + (phase == Phase.ENDED ? "ended: " : "failed: ") + reason);
        }
    }

    private void require(Phase wanted, String otherwise) {
        synchronized (phaseLock) {
            if (phase != wanted) {
                requireStillThere();
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
}
