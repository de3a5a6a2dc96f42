package dev.stardust.migration.worker;

import dev.stardust.cluster.stream.StreamSession;
import dev.stardust.vm.actor.Json;
import dev.stardust.vm.worker.HostedMachine;
import dev.stardust.vm.worker.WorkerException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** What one machine has to do with migrations: at most one session of each direction. */
final class MachineMigration {
    private final HostedMachine vm;
    private final SharedTransports transports;
    private SendSession sending;
    private ReceiveSession receiving;
    private boolean ended;

    MachineMigration(HostedMachine vm, SharedTransports transports) {
        this.vm = vm;
        this.transports = transports;
    }

    synchronized CompletableFuture<Void> startSending(String aeronFolder, String session) {
        requireAlive();
        if (sending != null && sending.session().equals(session)) {
            return sending.started();
        }
        CompletableFuture<Void> before = stopSending();
        sending = new SendSession(vm, session, parsed(session), transports, Path.of(aeronFolder));
        sending.start(before);
        return sending.started();
    }

    private static StreamSession parsed(String session) {
        try {
            return Json.read(session, StreamSession.class);
        } catch (IllegalArgumentException e) {
            // Without the text, which holds a secret.
            throw new WorkerException(WorkerException.Code.BAD_REQUEST, "the target's stream session is malformed");
        }
    }

    synchronized SendSession sender() {
        if (sending == null) {
            throw new WorkerException(WorkerException.Code.CONFLICT, vm.name() + " is not being sent");
        }
        return sending;
    }

    synchronized CompletableFuture<Void> stopSending() {
        CompletableFuture<Void> stopped =
                sending == null ? CompletableFuture.completedFuture(null) : sending.stop();
        sending = null;
        return stopped;
    }

    synchronized CompletableFuture<MigrationOps.Opened> startReceiving(String aeronFolder, String endpoint) {
        requireAlive();
        if (receiving == null) {
            receiving = ReceiveSession.start(vm, transports, Path.of(aeronFolder), endpoint);
        } else if (!receiving.isUnused()) {
            throw new WorkerException(
                    WorkerException.Code.CONFLICT,
                    vm.name() + " has received already; destroy the machine and make it anew");
        }
        return receiving.opened();
    }

    synchronized ReceiveSession receiver() {
        if (receiving == null) {
            throw new WorkerException(WorkerException.Code.CONFLICT, vm.name() + " is not being received");
        }
        return receiving;
    }

    /** Ends both directions; completes when no thread uses the machine any more. */
    synchronized CompletableFuture<Void> end() {
        ended = true;
        CompletableFuture<Void> sent = stopSending();
        CompletableFuture<Void> received =
                receiving == null ? CompletableFuture.completedFuture(null) : receiving.stop();
        return CompletableFuture.allOf(sent, received);
    }

    private void requireAlive() {
        if (ended) {
            throw new WorkerException(WorkerException.Code.CONFLICT, vm.name() + " is being destroyed");
        }
    }
}
