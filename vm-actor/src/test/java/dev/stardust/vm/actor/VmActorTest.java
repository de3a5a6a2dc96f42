package dev.stardust.vm.actor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.stardust.hypervisor.machine.MachineStatus;
import dev.stardust.vm.spec.Boot;
import dev.stardust.vm.spec.Cpus;
import dev.stardust.vm.spec.Extras;
import dev.stardust.vm.worker.RemoteMachine;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VmActorTest {
    private static final int LIMIT_S = 20;
    private static final ResolvedSpec SPEC = new ResolvedSpec(
            "vm", 64, Cpus.ONE, Boot.TEST_GUEST, List.of(), List.of(), Extras.NONE, null, null, null, false, null);

    private final ActorTestKit kit = ActorTestKit.create();

    @AfterEach
    void end() {
        kit.shutdownTestKit();
    }

    /** A host whose steps are done when the test says so. */
    private static final class SlowHost implements VmHost {
        final BlockingQueue<CompletableFuture<Void>> saves = new LinkedBlockingQueue<>();
        final CompletableFuture<RemoteMachine> boot = new CompletableFuture<>();
        final BlockingQueue<CompletableFuture<Void>> deletes = new LinkedBlockingQueue<>();

        @Override
        public CompletionStage<Void> save(VmRecord record) {
            return asked(saves);
        }

        @Override
        public CompletionStage<RemoteMachine> boot(VmRecord record) {
            return boot;
        }

        @Override
        public CompletionStage<Void> delete(String vm) {
            return asked(deletes);
        }

        @Override
        public CompletionStage<Void> deleteVolume(String volume) {
            throw new AssertionError("no volume is to be deleted");
        }

        private static CompletionStage<Void> asked(BlockingQueue<CompletableFuture<Void>> queue) {
            CompletableFuture<Void> step = new CompletableFuture<>();
            queue.add(step);
            return step;
        }

        @Override
        public CompletionStage<Void> markStarted(String vm) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Optional<VmRecord>> find(String vm) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<RemoteMachine> incoming(VmRecord record, String tag) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String hypervisor(ResolvedSpec spec) {
            return "kvm";
        }

        @Override
        public ResolvedSpec made(ResolvedSpec spec) {
            return spec;
        }
    }

    @Test
    void aRemovalIsNotAnsweredByTheEndThatIsStillBeingWrittenDown() throws InterruptedException {
        SlowHost host = new SlowHost();
        BlockingQueue<VmReply> started = new LinkedBlockingQueue<>();
        BlockingQueue<VmReply> removed = new LinkedBlockingQueue<>();
        ActorRef<HostActor.Command> parent =
                kit.createTestProbe(HostActor.Command.class).ref();
        VmRecord record = VmRecord.of("vm", SPEC, 1, VmState.STARTING, "");
        ActorRef<VmActor.Command> vm = kit.spawn(VmActor.start(host, parent, record, started::add));
        take(host.saves).complete(null);
        host.boot.completeExceptionally(new IllegalStateException("no memory"));
        CompletableFuture<Void> ofTheEnd = take(host.saves);

        vm.tell(new VmActor.Apply(new VmEvent.RemoveRequested(), removed::add));
        assertNothing(host.deletes);
        ofTheEnd.complete(null);
        CompletableFuture<Void> deletion = take(host.deletes);

        VmReply first = take(started);
        assertFalse(first.ok());
        assertEquals("no memory", first.message());
        deletion.complete(null);
        assertEquals(VmReply.done("vm"), take(removed));
    }

    @Test
    void aGuestThatIsOverBeforeItsStartIsAnsweredWasStartedAndEnded() throws InterruptedException {
        SlowHost host = new SlowHost();
        BlockingQueue<VmReply> started = new LinkedBlockingQueue<>();
        TestProbe<HostActor.Command> parent = kit.createTestProbe(HostActor.Command.class);
        VmRecord record = VmRecord.of("vm", SPEC, 1, VmState.STARTING, "");
        ActorRef<VmActor.Command> vm = kit.spawn(VmActor.start(host, parent.ref(), record, started::add));
        take(host.saves).complete(null);
        vm.tell(new VmActor.MachineTold(MachineStatus.Phase.ENDED, "guest asked for a reset"));
        assertNothing(started);
        host.boot.complete(null);

        assertEquals(VmReply.done("vm"), take(started));
        List<String> states = Stream.generate(() -> parent.expectMessageClass(HostActor.VmChanged.class))
                .limit(3)
                .map(changed -> changed.view().state())
                .toList();
        assertEquals(List.of(VmState.STARTING.label(), VmState.RUNNING.label(), VmState.ENDED.label()), states);
    }

    @Test
    void aVmWhoseCommandEndedIsShutDownByItsGuestAndStoppedWithTheCode() throws InterruptedException {
        SlowHost host = new SlowHost();
        TestProbe<HostActor.Command> parent = kit.createTestProbe(HostActor.Command.class);
        VmRecord record = VmRecord.of("vm", SPEC, 1, VmState.STARTING, "");
        ActorRef<VmActor.Command> vm = kit.spawn(VmActor.start(host, parent.ref(), record, reply -> {}));
        take(host.saves).complete(null);
        host.boot.complete(null);
        parent.expectMessageClass(HostActor.VmChanged.class);
        parent.expectMessageClass(HostActor.VmChanged.class);

        vm.tell(new VmActor.Apply(new VmEvent.CommandEnded("the command ended with code 7", 7), reply -> {}));
        VmView stopping = parent.expectMessageClass(HostActor.VmChanged.class).view();
        assertEquals(VmState.STOPPING.label(), stopping.state());
        assertEquals(7, stopping.exitCode());
        assertEquals(new HostActor.ShutDownGuest("vm"), parent.receiveMessage());

        vm.tell(new VmActor.MachineTold(MachineStatus.Phase.ENDED, "the guest powered off"));
        VmView stopped = parent.expectMessageClass(HostActor.VmChanged.class).view();
        assertEquals(VmState.STOPPED.label(), stopped.state());
        assertEquals("the command ended with code 7", stopped.reason());
        assertEquals(7, stopped.exitCode());

        vm.tell(new VmActor.Apply(new VmEvent.StartRequested(), reply -> {}));
        assertNull(parent.expectMessageClass(HostActor.VmChanged.class).view().exitCode(), "of the run before");
    }

    @Test
    void statesAreWrittenDownOneAfterTheOther() throws InterruptedException {
        SlowHost host = new SlowHost();
        ActorRef<HostActor.Command> parent =
                kit.createTestProbe(HostActor.Command.class).ref();
        VmRecord record = VmRecord.of("vm", SPEC, 1, VmState.STARTING, "");
        ActorRef<VmActor.Command> vm = kit.spawn(VmActor.start(host, parent, record, reply -> {}));
        take(host.saves).complete(null);
        host.boot.completeExceptionally(new IllegalStateException("no memory"));
        CompletableFuture<Void> ofTheEnd = take(host.saves);

        vm.tell(new VmActor.Apply(new VmEvent.StartRequested(), reply -> {}));
        assertNothing(host.saves);
        ofTheEnd.completeExceptionally(new IllegalStateException("disk full"));
        take(host.saves);
    }

    private static void assertNothing(BlockingQueue<?> queue) throws InterruptedException {
        assertNull(queue.poll(300, TimeUnit.MILLISECONDS));
    }

    private static <T> T take(BlockingQueue<T> queue) throws InterruptedException {
        return Optional.ofNullable(queue.poll(LIMIT_S, TimeUnit.SECONDS)).orElseThrow();
    }
}
