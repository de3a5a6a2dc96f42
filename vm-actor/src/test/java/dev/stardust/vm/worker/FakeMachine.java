package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.DeviceReport;
import dev.stardust.hypervisor.machine.Machine;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineListener;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.hypervisor.metrics.DeviceMetrics;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A machine that only remembers what it was told; the command line {@code fail} makes its creation fail, {@code stay} its start. */
final class FakeMachine implements Machine {
    private final String name;
    private final MachineListener listener;
    private Phase phase = Phase.CREATED;
    private byte[] state;
    private long balloonBytes;

    private FakeMachine(CreateMachine spec, MachineListener listener) {
        this.name = spec.vm();
        this.listener = listener;
        this.state = words(spec).getBytes(StandardCharsets.UTF_8);
    }

    static BuiltMachine create(CreateMachine spec, MachineListener listener, EventSink events) {
        if (words(spec).equals("fail")) {
            throw new MachineException("the machine was told to fail");
        }
        FakeMachine machine = new FakeMachine(spec, listener);
        return new BuiltMachine(machine, machine::restore, List.of());
    }

    private static String words(CreateMachine spec) {
        return spec.boot() == null ? "" : spec.boot().args();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public CompletionStage<Void> resume() {
        return new String(state, StandardCharsets.UTF_8).equals("stay")
                ? CompletableFuture.failedFuture(new MachineException("the machine was told to stay"))
                : to(Phase.RUNNING);
    }

    @Override
    public CompletionStage<Void> pause() {
        return to(Phase.PAUSED);
    }

    @Override
    public CompletionStage<Void> pressPowerButton() {
        return to(Phase.ENDED);
    }

    @Override
    public synchronized CompletionStage<MachineState> saveState() {
        return phase == Phase.PAUSED
                ? CompletableFuture.completedFuture(new MachineState(state))
                : CompletableFuture.failedFuture(new MachineException("it is " + phase + ", not PAUSED"));
    }

    @Override
    public synchronized CompletionStage<MachineStatus> status() {
        return CompletableFuture.completedFuture(new MachineStatus(phase, "", 1, 2));
    }

    @Override
    public synchronized CompletionStage<List<DeviceReport>> devices() {
        DeviceMetrics metrics = DeviceMetrics.of(Map.of(), Map.of()).withGauges(Map.of("target.bytes", balloonBytes));
        return CompletableFuture.completedFuture(List.of(new DeviceReport("balloon", false, 0, "", metrics)));
    }

    @Override
    public synchronized CompletionStage<Void> setBalloon(long targetBytes) {
        balloonBytes = targetBytes;
        listener.deviceFaulted("balloon", "the driver was asked for " + targetBytes);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Void> resizeTerminal(int columns, int rows) {
        return CompletableFuture.failedFuture(new MachineException("a fake has no console"));
    }

    @Override
    public CompletionStage<Void> destroy() {
        return to(Phase.ENDED);
    }

    private synchronized CompletionStage<Void> restore(MachineState saved) {
        state = saved.bytes();
        return to(Phase.PAUSED);
    }

    private CompletionStage<Void> to(Phase next) {
        synchronized (this) {
            phase = next;
        }
        listener.phaseChanged(new MachineStatus(next, "told so", 1, 2));
        return CompletableFuture.completedFuture(null);
    }
}
