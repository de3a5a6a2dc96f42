package dev.stardust.migration.core;

import dev.stardust.cluster.registry.Entry;
import java.util.Optional;

/** What a core is told. */
public sealed interface Event {
    /** The first event of every core. */
    record Start() implements Event {}

    /** A transaction's outcome. */
    record TxnDone(String requestId, boolean applied, long revision) implements Event {}

    /** The registry did not answer: the transaction may have applied or may apply later. */
    record TxnUnknown(String requestId) implements Event {}

    /** A linearizable read's answer to {@link Effect.ReadRegistry}. */
    record RegistryRead(long readId, Optional<Entry> entry) implements Event {}

    /** A read failed. */
    record RegistryReadFailed(long readId) implements Event {}

    /** The other side said something. */
    record Peer(PeerMessage message) implements Event {}

    /** Progress of {@link WorkerCommand.PauseAndFinal}: the guest stands still. */
    record GuestPaused() implements Event {}

    /** A command succeeded. */
    record WorkerDone(WorkerCommand command, WorkerResult result) implements Event {}

    /** A command failed; the worker lives. */
    record WorkerFailed(WorkerCommand command, String reason) implements Event {}

    /** The worker process that held the machine died, and its copy of the guest with it. */
    record WorkerLost(String reason) implements Event {}

    /** A timer set by {@link Effect.SetTimer} ran out. */
    record Timer(String name) implements Event {}

    /** The user, or a drain, wants no more of it. */
    record Cancel(String reason) implements Event {}
}
