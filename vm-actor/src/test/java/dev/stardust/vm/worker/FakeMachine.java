package dev.stardust.vm.worker;

import dev.stardust.hypervisor.machine.Machine;
import dev.stardust.hypervisor.machine.MachineException;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** A machine that only remembers what it was told; the command line {@code fail} makes its creation fail. */
final class FakeMachine implements Machine {
    private final String name;
    private final Consumer<MachineStatus> onChange;
    private Phase phase = Phase.CREATED;
    private byte[] state;

    private FakeMachine(CreateMachine spec, Consumer<MachineStatus> onChange) {
        this.name = spec.vm();
        this.onChange = onChange;
        this.state = words(spec).getBytes(StandardCharsets.UTF_8);
    }

    static BuiltMachine create(CreateMachine spec, Consumer<MachineStatus> onChange) {
        if (words(spec).equals("fail")) {
            throw new MachineException("the machine was told to fail");
        }
        FakeMachine machine = new FakeMachine(spec, onChange);
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
        return to(Phase.RUNNING);
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
        onChange.accept(new MachineStatus(next, "told so", 1, 2));
        return CompletableFuture.completedFuture(null);
    }
}
