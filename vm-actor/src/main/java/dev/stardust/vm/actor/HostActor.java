package dev.stardust.vm.actor;

import dev.stardust.cluster.protocol.Causes;
import dev.stardust.cluster.protocol.ClusterMessage;
import dev.stardust.cluster.protocol.ErrorCode;
import dev.stardust.hypervisor.machine.Machine;
import dev.stardust.vm.worker.DeviceFault;
import dev.stardust.vm.worker.MachineInfo;
import dev.stardust.vm.worker.RemoteMachine;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/** The VMs of one host: a {@link VmActor} each. Known to other hosts as {@code /user/host}. */
public final class HostActor extends AbstractBehavior<HostActor.Command> {
    /** The name under which a node spawns it. */
    public static final String NAME = "host";

    private static final long BYTES_PER_MIB = 1 << 20;

    /** What it can be told. */
    public sealed interface Command {}

    /** Start a VM that the registry has placed here. */
    public record StartVm(String vm, ResolvedSpec spec, long epoch, ActorRef<VmReply> replyTo)
            implements Command, ClusterMessage {}

    /** What a user can do to a VM that is here. */
    public enum Verb {
        STOP,
        START,
        REMOVE,
        /** Asks the guest to shut down by itself. */
        POWER_BUTTON,
        /** Asks the agent in the guest to shut it down. */
        SHUT_DOWN
    }

    /** Do that. */
    public record Act(String vm, Verb verb, ActorRef<VmReply> replyTo) implements Command, ClusterMessage {}

    /** Delete a named volume of this host, which no VM here may have. */
    public record DeleteVolume(String volume, ActorRef<VmReply> replyTo) implements Command, ClusterMessage {}

    /** What is here? */
    public record Describe(ActorRef<HostReport> replyTo) implements Command, ClusterMessage {}

    /** The VMs of a host. */
    public record HostReport(String host, List<VmView> vms) implements ClusterMessage {
        public HostReport {
            vms = List.copyOf(vms);
        }
    }

    /** A part of a VM's serial output. */
    public record ReadLog(String vm, long offset, ActorRef<LogPart> replyTo) implements Command, ClusterMessage {}

    /**
     * Type at a VM's console, and see what it printed meanwhile.
     *
     * @param serial whether at the serial port even where there is a virtio console
     * @param columns the terminal's size if it has changed, else 0
     * @param rows as columns
     */
    public record AtConsole(
            String vm,
            String session,
            boolean serial,
            byte[] input,
            int columns,
            int rows,
            ActorRef<ConsolePart> replyTo)
            implements Command, ClusterMessage {}

    /** Begin a command in a VM's guest, or look on at the one that it is there for. */
    public record BeginInGuest(String vm, String session, GuestOrder order, ActorRef<GuestPart> replyTo)
            implements Command, ClusterMessage {}

    /**
     * Do something to that command, or see what it wrote.
     *
     * @param input what to do, or null to see
     */
    public record AtGuest(String vm, String session, GuestInput input, ActorRef<GuestPart> replyTo)
            implements Command, ClusterMessage {}

    /** Begin to copy a file to or from a VM's guest. */
    public record BeginCopy(String vm, String copy, CopyOrder order, ActorRef<CopyPart> replyTo)
            implements Command, ClusterMessage {}

    /** Go on with that. */
    public record AtCopy(String vm, String copy, CopyStep step, ActorRef<CopyPart> replyTo)
            implements Command, ClusterMessage {}

    /** Keep a VM's memory, devices and disks as a base, once it has printed the line {@code when}. */
    public record SaveBase(String vm, String base, String when, ActorRef<BaseSaver.Saved> replyTo)
            implements Command, ClusterMessage {}

    /** What do the devices of a running VM do? */
    public record LookAtDevices(String vm, ActorRef<DeviceReports> replyTo) implements Command, ClusterMessage {}

    /** Ask a running VM's guest to give so much memory up in all. */
    public record SetBalloon(String vm, long targetMib, ActorRef<VmReply> replyTo) implements Command, ClusterMessage {}

    /** From here on only this node itself. What it found when it was started. */
    public record TakeUp(List<Inventory.Step> steps) implements Command {}

    /** A migration's step: an event of the VM's life. {@code record} replaces the VM's before, when not null. */
    public record Step(String vm, VmEvent event, VmRecord record, Consumer<VmReply> reply) implements Command {}

    /** A migration brings a VM in. */
    public record TakeIn(VmRecord record, RemoteMachine machine, Runnable done) implements Command {}

    /** What does this host keep of a VM? */
    public record Lookup(String vm, Consumer<Optional<VmRecord>> answer) implements Command {}

    /** A worker told of a machine, or of its end. */
    public record MachineTold(MachineInfo machine) implements Command {}

    /** A worker told of a guest that broke a device's rules. */
    public record DeviceFaulted(DeviceFault fault) implements Command {}

    record VmChanged(VmView view, VmRecord record) implements Command {}

    /** A VM's guest is to shut down, its command having ended. */
    record ShutDownGuest(String vm) implements Command {}

    private record GuestTold(String vm, GuestView view) implements Command {}

    private record CommandEnded(String vm, String reason, int code) implements Command {}

    /** Whoever looked on at the command that ended saw that. */
    private record CommandSeenOff(String vm, VmEvent event) implements Command {}

    private record VmEnded(String vm) implements Command {}

    private record Ready(Throwable failure) implements Command {}

    private record Kept(ActorRef<VmActor.Command> actor, VmView view, VmRecord record) {}

    /** How long somebody waits for an agent that may or may not be in a guest, and for one that is. */
    private static final long MAYBE_AGENT_MS = 5_000;

    private static final long AGENT_MS = 120_000;

    /** How long a guest may take to tell what it measures, while somebody looks at its devices. */
    private static final long GUEST_METRICS_MS = 2_000;

    /** The longest that somebody waits for a command to begin whose VM is being started. */
    private static final long WORKLOAD_MS = 3_600_000;

    private final String hostId;
    private final VmHost host;
    private final SerialLogs logs;
    private final Consoles consoles;
    private final Guests guests;
    private final Map<String, GuestView> guestViews = new HashMap<>();

    /** Ends of commands, until their VMs are started again. */
    private final Map<String, VmEvent> commandEnds = new HashMap<>();

    private final BaseSaver bases;
    private final Function<String, Optional<RemoteMachine>> machines;
    private final Map<String, Kept> vms = new TreeMap<>();
    private boolean ready;

    private HostActor(
            ActorContext<Command> context,
            String hostId,
            VmHost host,
            SerialLogs logs,
            Consoles consoles,
            Guests guests,
            BaseSaver bases,
            Function<String, Optional<RemoteMachine>> machines) {
        super(context);
        this.hostId = hostId;
        this.host = host;
        this.logs = logs;
        this.consoles = consoles;
        this.guests = guests;
        this.bases = bases;
        this.machines = machines;
        ActorRef<Command> self = context.getSelf();
        guests.agents().tell(new GuestAgents.Listener() {
            @Override
            public void guestIs(String vm, GuestView view) {
                self.tell(new GuestTold(vm, view));
            }

            @Override
            public void commandEnded(String vm, String reason, int code) {
                self.tell(new CommandEnded(vm, reason, code));
            }
        });
    }

    /**
     * A host without VMs, which answers once it was told what to {@link TakeUp}.
     *
     * @param machines finds a machine in the workers
     */
    public static Behavior<Command> create(
            String hostId,
            VmHost host,
            SerialLogs logs,
            Consoles consoles,
            Guests guests,
            BaseSaver bases,
            Function<String, Optional<RemoteMachine>> machines) {
        return Behaviors.setup(
                context -> new HostActor(context, hostId, host, logs, consoles, guests, bases, machines));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(StartVm.class, this::onStartVm)
                .onMessage(Act.class, this::onAct)
                .onMessage(DeleteVolume.class, this::onDeleteVolume)
                .onMessage(Describe.class, this::onDescribe)
                .onMessage(ReadLog.class, this::onReadLog)
                .onMessage(AtConsole.class, this::onAtConsole)
                .onMessage(BeginInGuest.class, this::onBeginInGuest)
                .onMessage(AtGuest.class, this::onAtGuest)
                .onMessage(BeginCopy.class, this::onBeginCopy)
                .onMessage(AtCopy.class, this::onAtCopy)
                .onMessage(GuestTold.class, this::onGuestTold)
                .onMessage(CommandEnded.class, this::onCommandEnded)
                .onMessage(CommandSeenOff.class, this::onCommandSeenOff)
                .onMessage(ShutDownGuest.class, this::onShutDownGuest)
                .onMessage(SaveBase.class, this::onSaveBase)
                .onMessage(LookAtDevices.class, this::onLookAtDevices)
                .onMessage(SetBalloon.class, this::onSetBalloon)
                .onMessage(DeviceFaulted.class, this::onDeviceFaulted)
                .onMessage(TakeUp.class, this::onTakeUp)
                .onMessage(Step.class, this::onStep)
                .onMessage(TakeIn.class, this::onTakeIn)
                .onMessage(Lookup.class, this::onLookup)
                .onMessage(MachineTold.class, this::onMachineTold)
                .onMessage(VmChanged.class, this::onVmChanged)
                .onMessage(VmEnded.class, this::onVmEnded)
                .onMessage(Ready.class, this::onReady)
                .build();
    }

    private Behavior<Command> onStartVm(StartVm m) {
        if (!ready) {
            m.replyTo()
                    .tell(VmReply.failed(
                            m.vm(), ErrorCode.REFUSED, "host " + hostId + " is still starting: try again"));
        } else if (vms.containsKey(m.vm())) {
            m.replyTo().tell(VmReply.failed(m.vm(), ErrorCode.CONFLICT, "VM " + m.vm() + " is on this host already"));
        } else {
            startNew(m);
        }
        return this;
    }

    private void startNew(StartVm m) {
        String used = VolumeUse.inTheWay(m.vm(), m.spec().extras().volumes(), uses());
        if (!used.isEmpty()) {
            m.replyTo().tell(VmReply.failed(m.vm(), ErrorCode.CONFLICT, used));
            return;
        }
        VmRecord record = VmRecord.of(m.vm(), m.spec(), m.epoch(), VmState.STARTING, "");
        spawn(record, VmActor.start(host, getContext().getSelf(), record, m.replyTo()::tell));
    }

    private List<VolumeUse> uses() {
        return vms.values().stream()
                .map(kept -> new VolumeUse(
                        kept.record().name(),
                        kept.view().state(),
                        kept.record().spec().extras().volumes()))
                .toList();
    }

    private Behavior<Command> start(Act m) {
        Kept kept = vms.get(m.vm());
        String used = kept == null
                ? ""
                : VolumeUse.inTheWay(m.vm(), kept.record().spec().extras().volumes(), uses());
        if (!used.isEmpty()) {
            m.replyTo().tell(VmReply.failed(m.vm(), ErrorCode.CONFLICT, used));
            return this;
        }
        return apply(m, new VmEvent.StartRequested());
    }

    private Behavior<Command> onDeleteVolume(DeleteVolume m) {
        List<String> users = VolumeUse.of(m.volume(), uses());
        if (!ready || !users.isEmpty()) {
            m.replyTo()
                    .tell(VmReply.failed(
                            "",
                            ready ? ErrorCode.CONFLICT : ErrorCode.REFUSED,
                            ready
                                    ? "volume " + m.volume() + " is of these VMs: " + String.join(", ", users)
                                    : "host " + hostId + " is still starting: try again"));
            return this;
        }
        host.deleteVolume(m.volume()).whenComplete((done, failure) -> m.replyTo()
                .tell(
                        failure == null
                                ? VmReply.done("")
                                : VmReply.failed("", ErrorCode.INTERNAL, Causes.text(failure))));
        return this;
    }

    private Behavior<Command> onAct(Act m) {
        return switch (m.verb()) {
            case STOP -> apply(m, new VmEvent.StopRequested());
            case START -> start(m);
            case REMOVE -> apply(m, new VmEvent.RemoveRequested());
            case POWER_BUTTON -> pressPowerButton(m);
            case SHUT_DOWN -> shutDown(m);
        };
    }

    private Behavior<Command> apply(Act m, VmEvent event) {
        return forward(m.vm(), new VmActor.Apply(event, m.replyTo()::tell), m.replyTo()::tell);
    }

    private Behavior<Command> pressPowerButton(Act m) {
        return askGuest(m.vm(), "cannot be asked to end", Machine::pressPowerButton, m.replyTo());
    }

    private Behavior<Command> shutDown(Act m) {
        guests.agents().shutDown(m.vm()).whenComplete((done, failure) -> m.replyTo()
                .tell(
                        failure == null
                                ? VmReply.done(m.vm())
                                : VmReply.failed(m.vm(), ErrorCode.REFUSED, Causes.text(failure))));
        return this;
    }

    private Behavior<Command> onSetBalloon(SetBalloon m) {
        return askGuest(
                m.vm(),
                "cannot be asked for memory",
                machine -> machine.setBalloon(m.targetMib() * BYTES_PER_MIB),
                m.replyTo());
    }

    private Behavior<Command> askGuest(
            String vm,
            String otherwise,
            Function<RemoteMachine, CompletionStage<Void>> what,
            ActorRef<VmReply> replyTo) {
        Optional<RemoteMachine> machine = running(vm);
        if (machine.isEmpty()) {
            replyTo.tell(VmReply.failed(vm, ErrorCode.CONFLICT, "VM " + vm + " does not run: it " + otherwise));
            return this;
        }
        what.apply(machine.get())
                .whenComplete((done, failure) -> replyTo.tell(
                        failure == null
                                ? VmReply.done(vm)
                                : VmReply.failed(vm, ErrorCode.REFUSED, Causes.text(failure))));
        return this;
    }

    private Behavior<Command> onLookAtDevices(LookAtDevices m) {
        Optional<RemoteMachine> machine = running(m.vm());
        if (machine.isEmpty()) {
            m.replyTo().tell(DeviceReports.failed("VM " + m.vm() + " does not run on this host"));
            return this;
        }
        // A guest may have no agent, or one that does not answer: its devices are told all the same.
        CompletionStage<SortedMap<String, Long>> guest = guests.agents()
                .metrics(m.vm())
                .toCompletableFuture()
                .completeOnTimeout(new TreeMap<>(), GUEST_METRICS_MS, TimeUnit.MILLISECONDS)
                .exceptionally(failure -> new TreeMap<>());
        machine.get().devices().thenCombine(guest, DeviceReports::of).whenComplete((reports, failure) -> m.replyTo()
                .tell(failure == null ? reports : DeviceReports.failed(Causes.text(failure))));
        return this;
    }

    private Behavior<Command> onDeviceFaulted(DeviceFaulted m) {
        getContext()
                .getLog()
                .warn(
                        "VM {}: {}: {}",
                        m.fault().vm(),
                        m.fault().device(),
                        m.fault().message());
        return this;
    }

    /** The machine of a VM that runs here. */
    private Optional<RemoteMachine> running(String vm) {
        Kept kept = vms.get(vm);
        return kept == null || !kept.view().state().equals(VmState.RUNNING.label())
                ? Optional.empty()
                : machines.apply(vm);
    }

    private Behavior<Command> onDescribe(Describe m) {
        m.replyTo()
                .tell(new HostReport(
                        hostId,
                        vms.values().stream()
                                .map(kept -> kept.view()
                                        .with(guestViews.getOrDefault(
                                                kept.record().name(), GuestView.NONE)))
                                .toList()));
        return this;
    }

    private Behavior<Command> onReadLog(ReadLog m) {
        logs.read(m.vm(), m.offset()).whenComplete((part, failure) -> m.replyTo()
                .tell(failure == null ? part : LogPart.failed(String.valueOf(failure.getMessage()))));
        return this;
    }

    private Behavior<Command> onAtConsole(AtConsole m) {
        if (!vms.containsKey(m.vm())) {
            m.replyTo().tell(ConsolePart.failed("no VM " + m.vm() + " on host " + hostId));
            return this;
        }
        if (m.columns() > 0 && m.rows() > 0) {
            // A console without a size is none the worse for it.
            running(m.vm()).ifPresent(machine -> machine.resizeTerminal(m.columns(), m.rows()));
        }
        consoles.exchange(m.vm(), m.session(), m.serial(), m.input()).whenComplete((part, failure) -> m.replyTo()
                .tell(failure == null ? part : ConsolePart.failed(String.valueOf(failure.getMessage()))));
        return this;
    }

    private Behavior<Command> onBeginInGuest(BeginInGuest m) {
        String none = m.order().expected() && !vms.containsKey(m.vm()) ? "" : noGuest(m.vm());
        if (!none.isEmpty()) {
            m.replyTo().tell(GuestPart.failed(GuestCare.NOT_STARTED_CODE, none));
            return this;
        }
        m.replyTo()
                .tell(guests.sessions()
                        .begin(m.vm(), m.session(), m.order(), m.order().expected() ? WORKLOAD_MS : agentMs(m.vm())));
        return this;
    }

    private Behavior<Command> onAtGuest(AtGuest m) {
        CompletionStage<GuestPart> part = m.input() == null
                ? guests.sessions().fetch(m.vm(), m.session())
                : guests.sessions().put(m.vm(), m.session(), m.input());
        part.whenComplete((got, failure) -> m.replyTo()
                .tell(failure == null ? got : GuestPart.failed(GuestCare.NOT_STARTED_CODE, Causes.text(failure))));
        return this;
    }

    private Behavior<Command> onBeginCopy(BeginCopy m) {
        String none = noGuest(m.vm());
        if (none.isEmpty()) {
            guests.copies().begin(m.vm(), m.copy(), m.order(), agentMs(m.vm())).thenAccept(m.replyTo()::tell);
        } else {
            m.replyTo().tell(CopyPart.failed(none));
        }
        return this;
    }

    private Behavior<Command> onAtCopy(AtCopy m) {
        guests.copies().step(m.vm(), m.copy(), m.step()).thenAccept(m.replyTo()::tell);
        return this;
    }

    private long agentMs(String vm) {
        Kept kept = vms.get(vm);
        return kept != null && kept.record().spec().linux() != null ? AGENT_MS : MAYBE_AGENT_MS;
    }

    /** Why nothing can be done in the guest of a VM; empty when it may be. */
    private String noGuest(String vm) {
        Kept kept = vms.get(vm);
        if (kept == null) {
            return "no VM " + vm + " on host " + hostId;
        }
        VmView view = kept.view();
        return isThere(view) || view.state().equals(VmState.STARTING.label())
                ? ""
                : "VM " + vm + " does not run: it is " + view.state()
                        + (view.reason().isEmpty() ? "" : " (" + view.reason() + ")");
    }

    /** Whether its guest runs on this host. */
    private static boolean isThere(VmView view) {
        return view.state().equals(VmState.RUNNING.label())
                || view.state().equals(VmState.OUTGOING.label())
                || view.state().equals(VmState.STOPPING.label());
    }

    private Behavior<Command> onGuestTold(GuestTold m) {
        if (vms.containsKey(m.vm())) {
            guestViews.put(m.vm(), m.view());
        }
        return this;
    }

    private Behavior<Command> onCommandEnded(CommandEnded m) {
        VmEvent event = new VmEvent.CommandEnded(m.reason(), m.code());
        ActorRef<Command> self = getContext().getSelf();
        commandEnds.put(m.vm(), event);
        guests.sessions().seenOff(m.vm()).thenRun(() -> self.tell(new CommandSeenOff(m.vm(), event)));
        return this;
    }

    private Behavior<Command> onCommandSeenOff(CommandSeenOff m) {
        return commandEnds.get(m.vm()) == m.event() ? endVm(m.vm(), m.event()) : this;
    }

    private Behavior<Command> endVm(String vm, VmEvent event) {
        return forward(vm, new VmActor.Apply(event, reply -> {}), reply -> {});
    }

    private Behavior<Command> onShutDownGuest(ShutDownGuest m) {
        Kept kept = vms.get(m.vm());
        guests.agents().shutDown(m.vm()).whenComplete((done, failure) -> {
            if (failure != null && kept != null) {
                kept.actor().tell(new VmActor.ShutDownLasts());
            }
        });
        return this;
    }

    private Behavior<Command> onSaveBase(SaveBase m) {
        Optional<RemoteMachine> machine = running(m.vm());
        if (machine.isEmpty()) {
            m.replyTo().tell(BaseSaver.Saved.failed("VM " + m.vm() + " does not run on this host"));
            return this;
        }
        CompletionStage<BaseSaver.Saved> saved =
                bases.save(vms.get(m.vm()).record(), machine.get(), m.base(), m.when());
        saved.whenComplete((done, failure) -> m.replyTo()
                .tell(failure == null ? done : BaseSaver.Saved.failed(String.valueOf(failure.getMessage()))));
        return this;
    }

    private Behavior<Command> onTakeUp(TakeUp m) {
        List<CompletableFuture<Void>> discarded = new ArrayList<>();
        for (Inventory.Step step : m.steps()) {
            if (step instanceof Inventory.Step.TakeUp up) {
                RemoteMachine machine =
                        up.machine() ? machines.apply(up.record().name()).orElse(null) : null;
                spawn(up.record(), VmActor.resume(host, getContext().getSelf(), up.record(), up.state(), machine));
            } else if (step instanceof Inventory.Step.Discard discard) {
                getContext().getLog().info("VM {} has no right to be on this host: discarded", discard.vm());
                discarded.add(discard(discard.vm()).toCompletableFuture());
            }
        }
        getContext()
                .pipeToSelf(
                        CompletableFuture.allOf(discarded.toArray(CompletableFuture[]::new)),
                        (done, failure) -> new Ready(failure));
        return this;
    }

    private Behavior<Command> onReady(Ready m) {
        if (m.failure() != null) {
            getContext().getLog().warn("not all that has no right to be here could be discarded", m.failure());
        }
        ready = true;
        return this;
    }

    private CompletionStage<Void> discard(String vm) {
        CompletionStage<Void> ended =
                machines.apply(vm).map(RemoteMachine::destroy).orElse(CompletableFuture.completedFuture(null));
        return ended.exceptionally(failure -> null).thenCompose(done -> host.delete(vm));
    }

    private Behavior<Command> onStep(Step m) {
        Kept kept = vms.get(m.vm());
        if (kept != null && m.record() != null) {
            kept.actor().tell(new VmActor.Reseat(m.record()));
        }
        return forward(m.vm(), new VmActor.Apply(m.event(), m.reply()), m.reply());
    }

    private Behavior<Command> onTakeIn(TakeIn m) {
        if (!vms.containsKey(m.record().name())) {
            spawn(m.record(), VmActor.resume(host, getContext().getSelf(), m.record(), VmState.INCOMING, m.machine()));
        }
        m.done().run();
        return this;
    }

    private Behavior<Command> onLookup(Lookup m) {
        m.answer().accept(Optional.ofNullable(vms.get(m.vm())).map(Kept::record));
        return this;
    }

    private Behavior<Command> onMachineTold(MachineTold m) {
        Kept kept = vms.get(m.machine().vm());
        if (kept != null && kept.record().epoch() <= m.machine().epoch()) {
            kept.actor()
                    .tell(new VmActor.MachineTold(
                            m.machine().phase(), m.machine().reason()));
        }
        return this;
    }

    private Behavior<Command> onVmChanged(VmChanged m) {
        vms.computeIfPresent(m.view().name(), (vm, kept) -> new Kept(kept.actor(), m.view(), m.record()));
        follow(m.view(), m.record());
        return this;
    }

    private void follow(VmView view, VmRecord record) {
        if (isThere(view)) {
            guests.agents().runs(view.name(), record.spec());
            VmEvent ended = commandEnds.get(view.name());
            if (ended != null && view.state().equals(VmState.RUNNING.label())) {
                endVm(view.name(), ended); // It ended while the VM was on its way to another host, and came back.
            }
        } else if (view.state().equals(VmState.STARTING.label())) {
            commandEnds.remove(view.name());
        } else {
            guestViews.remove(view.name());
            guests.agents()
                    .ends(
                            view.name(),
                            "VM " + view.name() + " is " + view.state()
                                    + (view.reason().isEmpty() ? "" : ": " + view.reason()));
        }
    }

    private Behavior<Command> onVmEnded(VmEnded m) {
        vms.remove(m.vm());
        guestViews.remove(m.vm());
        commandEnds.remove(m.vm());
        guests.agents().ends(m.vm(), "VM " + m.vm() + " is gone from this host");
        return this;
    }

    private Behavior<Command> forward(String vm, VmActor.Command command, Consumer<VmReply> reply) {
        Kept kept = vms.get(vm);
        if (kept == null) {
            reply.accept(VmReply.failed(vm, ErrorCode.NOT_FOUND, "no VM " + vm + " on host " + hostId));
        } else {
            kept.actor().tell(command);
        }
        return this;
    }

    private void spawn(VmRecord record, Behavior<VmActor.Command> behavior) {
        ActorRef<VmActor.Command> actor = getContext().spawn(behavior, "vm-" + record.name() + "-" + record.epoch());
        getContext().watchWith(actor, new VmEnded(record.name()));
        vms.put(
                record.name(),
                new Kept(
                        actor,
                        new VmView(
                                record.name(),
                                record.state().label(),
                                record.reason(),
                                record.epoch(),
                                0,
                                "",
                                0,
                                "",
                                GuestView.NONE,
                                record.exitCode()),
                        record));
    }
}
