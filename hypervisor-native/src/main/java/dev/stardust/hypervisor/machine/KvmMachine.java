package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.blk.BlockBackend;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A machine of KVM in this process. The calls of {@link Machine} are done one after the other on a thread of the machine.
 * The others are synchronous; those that touch memory or the dirty log must
 * have returned before {@link #destroy()} is called, except that they then fail when they come too late.
 */
public final class KvmMachine implements LocalMachine {
    private static final Logger LOG = LoggerFactory.getLogger(KvmMachine.class);

    private final MachineSpec spec;
    private final MachineListener listener;
    private final MachineLife life;
    private final MachineHardware hardware;
    private final VcpuThreads vcpus;

    private KvmMachine(
            MachineSpec spec,
            List<BlockBackend> disks,
            List<DevicePart> parts,
            MachineListener listener,
            Function<MachineCore.Shape, MachineCore> cores) {
        this.spec = spec;
        this.listener = listener;
        life = new MachineLife(spec.name(), spec.boot() != null, this::exits, listener);
        hardware = MachineHardware.build(spec, disks, parts, new GuestEnd(), this::faulted, cores);
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

    @Override
    public String name() {
        return spec.name();
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
        return life.submit("save the state of", () -> {
            life.require(Phase.PAUSED, "is not paused");
            return hardware.save();
        });
    }

    @Override
    public CompletionStage<Void> pressPowerButton() {
        return life.submit("press the power button of", () -> {
            life.require(Phase.RUNNING, "does not run");
            hardware.pressPowerButton();
        });
    }

    @Override
    public CompletionStage<MachineStatus> status() {
        return CompletableFuture.completedStage(statusNow());
    }

    @Override
    public CompletionStage<List<DeviceReport>> devices() {
        return life.submit("look at the devices of", hardware::devices);
    }

    @Override
    public CompletionStage<Void> setBalloon(long targetBytes) {
        return life.submit("set the balloon of", () -> hardware.setBalloon(targetBytes));
    }

    @Override
    public CompletionStage<Void> resizeTerminal(int columns, int rows) {
        return life.submit("resize the console of", () -> hardware.resizeTerminal(columns, rows));
    }

    @Override
    public CompletionStage<Void> destroy() {
        return life.destroy(vcpus::end, hardware::close);
    }

    @Override
    public MachineStatus statusNow() {
        return life.status();
    }

    private long exits() {
        return vcpus.exits();
    }

    @Override
    public GuestMemory memory() {
        return hardware.memory();
    }

    @Override
    public void restoreState(MachineState state) {
        life.operate("restore the state of", () -> {
            life.requireNew();
            hardware.restore(state);
            life.restored();
        });
    }

    @Override
    public void startDirtyLog() {
        life.operate("log the writes of", () -> hardware.dirtyLog().start());
    }

    @Override
    public void stopDirtyLog() {
        life.operate("stop logging the writes of", () -> hardware.dirtyLog().stop());
    }

    @Override
    public void collectDirty(DirtyBitmap into) {
        life.operate("collect the writes of", () -> hardware.dirtyLog().collect(into));
    }

    private void doResume() {
        if (!life.mustRun()) {
            return;
        }
        life.runs();
        hardware.prepareToRun();
        vcpus.resume();
        if (!life.running()) {
            vcpus.askToPark(); // the first vCPU ended the guest before the last one was started
        }
    }

    private void doPause() {
        if (!life.mustPause()) {
            return;
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
        life.paused();
    }

    private void faulted(String device, String message) {
        try {
            listener.deviceFaulted(device, message);
        } catch (RuntimeException e) {
            LOG.error("the listener of machine {} failed at a fault of {}", name(), device, e);
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
            life.end(end, why);
            vcpus.askToPark();
        }
    }
}
