package dev.stardust.vm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.machine.LocalMachine;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineLife;
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

/**
 * A machine that is a process of QEMU, driven by this one: its RAM is a memory file that both map, its disks are served to it,
 * its state is QEMU's migration stream without RAM. The calls of {@link dev.stardust.hypervisor.machine.Machine} are done one
 * after the other on a thread of the machine.
 */
public final class QemuMachine implements LocalMachine {
    private static final long COMMAND_MS = 30_000;

    private final QemuSpec spec;
    private final MachineLife life;
    private final QemuParts parts;

    /** How the guest ended, when QEMU has told; on the monitor's thread. */
    private volatile String guestEnd = "";

    // Of operations.
    private DirtyByHash dirty;

    /** What was saved since the guest stood still: QEMU tells its state once only until it has gone on. */
    private MachineState saved;

    private QemuMachine(
            QemuSpec spec, List<BlockBackend> disks, BlockBackend cd, MachineListener listener, QemuHost host)
            throws IOException {
        this.spec = spec;
        life = new MachineLife(spec.machine().name(), spec.machine().boot() != null, () -> 0, listener);
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

    @Override
    public String name() {
        return spec.machine().name();
    }

    @Override
    public CompletionStage<Void> resume() {
        return life.submit("resume", this::doResume);
    }

    @Override
    public CompletionStage<Void> pause() {
        return life.submit("pause", this::doPause);
    }

    @Override
    public CompletionStage<MachineState> saveState() {
        return life.submit("save the state of", this::doSaveState);
    }

    @Override
    public CompletionStage<Void> pressPowerButton() {
        return life.submit("press the power button of", () -> {
            life.require(Phase.RUNNING, "does not run");
            command("system_powerdown");
        });
    }

    @Override
    public CompletionStage<MachineStatus> status() {
        return CompletableFuture.completedStage(statusNow());
    }

    @Override
    public CompletionStage<List<DeviceReport>> devices() {
        return life.submit(
                "look at the devices of",
                () -> QemuDevices.reports(spec, parts.monitor().execute("query-blockstats", none(), COMMAND_MS)));
    }

    @Override
    public CompletionStage<Void> setBalloon(long targetBytes) {
        return life.submit("set the balloon of", () -> {
            long all = (long) spec.machine().memoryMib() << 20;
            if (!spec.balloon()) {
                throw new MachineException("it has no balloon");
            }
            if (targetBytes < 0 || targetBytes >= all) {
                throw new MachineException("a balloon of " + targetBytes + " bytes in " + all + " of memory");
            }
            var unused = parts.monitor().execute("balloon", none().put("value", all - targetBytes), COMMAND_MS);
        });
    }

    @Override
    public CompletionStage<Void> resizeTerminal(int columns, int rows) {
        return CompletableFuture.failedStage(new MachineException(
                "QEMU cannot tell a guest of its console's size: use 'stardust exec -t', which can"));
    }

    @Override
    public CompletionStage<Void> destroy() {
        return life.destroy(() -> {}, parts::close);
    }

    @Override
    public MachineStatus statusNow() {
        return life.status();
    }

    @Override
    public GuestMemory memory() {
        return parts.memory();
    }

    @Override
    public void restoreState(MachineState state) {
        life.operate("restore the state of", () -> {
            life.requireNew();
            parts.restore(parts.kind().open(state));
            life.restored();
        });
    }

    @Override
    public void startDirtyLog() {
        life.operate("log the writes of", () -> {
            dirty = new DirtyByHash(parts.memory(), parts.host().hasher());
        });
    }

    @Override
    public void stopDirtyLog() {
        life.operate("stop logging the writes of", () -> {
            dirty = null;
        });
    }

    @Override
    public void collectDirty(DirtyBitmap into) {
        life.operate("collect the writes of", () -> {
            if (dirty == null) {
                throw new MachineException("its writes are not being logged");
            }
            parts.refresh();
            if (life.running()) {
                dirty.look(into);
            } else {
                dirty.all(into);
            }
        });
    }

    private void doResume() {
        if (!life.mustRun()) {
            return;
        }
        boolean first = !life.started();
        boolean boots = spec.machine().boot() != null;
        if (first && boots) {
            parts.forwards().openNow();
        }
        life.runs();
        saved = null;
        command("cont");
        if (first && !boots) {
            parts.forwards().openWhenFree();
        }
    }

    private void doPause() {
        if (!life.mustPause()) {
            return;
        }
        command("stop");
        parts.serial().drain();
        parts.refresh();
        life.paused();
    }

    private MachineState doSaveState() {
        life.require(Phase.PAUSED, "is not paused");
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

    private void command(String name) {
        var unused = parts.monitor().execute(name, none(), COMMAND_MS);
    }

    private static ObjectNode none() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** What QEMU tells by itself, on the monitor's thread. */
    private void heard(JsonNode event) {
        String name = event.path("event").asText();
        if (name.equals("SHUTDOWN")) {
            boolean reset = event.path("data").path("reason").asText().equals("guest-reset");
            guestEnd = event.path("data").path("guest").asBoolean()
                    ? reset ? "guest asked for a reset" : "guest powered off"
                    : "";
        } else if (name.equals("GUEST_PANICKED")) {
            life.end(Phase.FAILED, "guest panicked");
        }
    }

    /** QEMU is over, on a thread of its own. */
    private void processEnded(int status, String lastWords) {
        if (status == 0 && !guestEnd.isEmpty()) {
            life.end(Phase.ENDED, guestEnd);
        } else {
            String how = status > 128 ? "of signal " + (status - 128) : "with exit status " + status;
            life.end(Phase.FAILED, "QEMU ended " + how + (lastWords.isEmpty() ? "" : ": " + lastWords));
        }
    }
}
