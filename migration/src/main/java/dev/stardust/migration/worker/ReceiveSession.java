package dev.stardust.migration.worker;

import dev.stardust.cluster.stream.StreamIdle;
import dev.stardust.cluster.stream.StreamReceiver;
import dev.stardust.cluster.stream.StreamTransport;
import dev.stardust.hypervisor.machine.LocalMachine;
import dev.stardust.hypervisor.machine.MachineState;
import dev.stardust.hypervisor.machine.MachineStatus.Phase;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.worker.HostedMachine;
import dev.stardust.vm.worker.WorkerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.IdleStrategy;

/** The target's end of one stream: a thread that applies what comes and ends when the machine is held, or never will. */
final class ReceiveSession {
    private static final int FRAGMENTS_PER_POLL = 64;

    private final HostedMachine vm;
    private final LocalMachine machine;
    private final SharedTransports transports;
    private final Path aeronFolder;
    private final String endpoint;

    private final CompletableFuture<MigrationOps.Opened> opened = new CompletableFuture<>();
    private final CompletableFuture<Void> held = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile StreamReceiver receiver;
    private volatile boolean stopped;

    private ReceiveSession(HostedMachine vm, SharedTransports transports, Path aeronFolder, String endpoint) {
        this.vm = vm;
        this.machine = vm.machineAs(LocalMachine.class);
        this.transports = transports;
        this.aeronFolder = aeronFolder;
        this.endpoint = endpoint;
    }

    /** Begins to receive into a machine that has not run and has no kernel. */
    static ReceiveSession start(HostedMachine vm, SharedTransports transports, Path aeronFolder, String endpoint) {
        ReceiveSession session = new ReceiveSession(vm, transports, aeronFolder, endpoint);
        if (vm.spec().boot() != null || session.machine.statusNow().phase() != Phase.CREATED) {
            throw new WorkerException(
                    WorkerException.Code.CONFLICT,
                    vm.name() + " has a kernel or has run; only a new machine without a kernel can receive a guest");
        }
        SessionThreads.named("recv-" + vm.name(), session::run).start();
        return session;
    }

    CompletableFuture<MigrationOps.Opened> opened() {
        return opened;
    }

    /** Completes when the machine holds the guest. */
    CompletableFuture<Void> held() {
        return held;
    }

    /** Whether no sender has come yet. */
    boolean isUnused() {
        StreamReceiver now = receiver;
        return now == null || !now.isConnected();
    }

    /** Ends it. Completes, without a failure, when nothing of it is left. */
    CompletableFuture<Void> stop() {
        stopped = true;
        return ended;
    }

    private void run() {
        try (Resources resources = new Resources()) {
            hold(resources);
            held.complete(null);
        } finally {
            ended.complete(null);
        }
    }

    private void hold(Resources resources) {
        try {
            IncomingGuest guest = resources.add(new IncomingGuest(vm, machine));
            StreamTransport transport =
                    resources.add(transports.lease(aeronFolder, endpoint)).transport();
            receiver = resources.add(transport.openReceiver());
            opened.complete(new MigrationOps.Opened(Json.write(receiver.session())));
            receive(guest);
            CompletableFuture<Void> synced = guest.sync();
            machine.restoreState(new MachineState(guest.state()));
            synced.join();
        } catch (IOException | RuntimeException e) {
            fail(e);
        } catch (Error e) {
            fail(e);
            throw e;
        }
    }

    private void fail(Throwable e) {
        WorkerException told = Failures.of("VM " + vm.name() + " could not be received", e);
        opened.completeExceptionally(told);
        held.completeExceptionally(told);
    }

    private void receive(IncomingGuest guest) {
        IdleStrategy idle = StreamIdle.napping(1);
        while (!receiver.ended()) {
            if (stopped) {
                throw new CancellationException("the machine is being destroyed");
            }
            idle.idle(receiver.poll(guest, FRAGMENTS_PER_POLL));
        }
        guest.requireComplete();
    }
}
