package dev.stardust.vm.actor;

/** What can happen to a VM on one host. Every transition of {@link VmLifecycle} is one of these. */
public sealed interface VmEvent {
    /** Its machine runs. */
    record Started() implements VmEvent {}

    /** It could not be started. */
    record StartFailed(String reason) implements VmEvent {}

    /** A user asked to end it. */
    record StopRequested() implements VmEvent {}

    /** Its machine is gone as asked. */
    record Stopped() implements VmEvent {}

    /** A user asked to start it again. */
    record StartRequested() implements VmEvent {}

    /** A user asked to remove it, with all that it wrote. */
    record RemoveRequested() implements VmEvent {}

    /** The guest ended by itself. */
    record GuestEnded(String reason) implements VmEvent {}

    /** The command that it was there for is over, or could not be started. */
    record CommandEnded(String reason, int code) implements VmEvent {}

    /** The machine or its worker process broke. */
    record MachineFailed(String reason) implements VmEvent {}

    /** A migration to another host began. */
    record OutgoingBegun(String attempt) implements VmEvent {}

    /** The migration did not happen: the VM stays. */
    record OutgoingAborted(String reason) implements VmEvent {}

    /** The VM runs on the other host. */
    record OutgoingDone() implements VmEvent {}

    /** The migration to here was committed and the guest runs. */
    record IncomingDone(long epoch) implements VmEvent {}

    /** The migration to here did not happen. */
    record IncomingAborted() implements VmEvent {}
}
