package dev.stardust.vm.actor;

import java.util.Optional;

/** The life of a VM on one host as a plain state machine: which event leads where, and which cannot be. */
final class VmLifecycle {
    private VmLifecycle() {}

    /** The state after {@code event}, or empty when it cannot happen in {@code state}. */
    static Optional<VmState> next(VmState state, VmEvent event) {
        VmState next =
                switch (state) {
                    case STARTING -> whileStarting(event);
                    case RUNNING -> whileRunning(event);
                    case OUTGOING -> whileOutgoing(event);
                    case INCOMING -> whileIncoming(event);
                    case STOPPING -> whileStopping(event);
                    case STOPPED, ENDED, FAILED -> atRest(event);
                    case GONE -> null;
                };
        return Optional.ofNullable(next);
    }

    private static VmState whileStarting(VmEvent event) {
        if (event instanceof VmEvent.Started) {
            return VmState.RUNNING;
        }
        if (event instanceof VmEvent.StartFailed || event instanceof VmEvent.MachineFailed) {
            return VmState.FAILED;
        }
        return event instanceof VmEvent.GuestEnded ? VmState.ENDED : null;
    }

    private static VmState whileRunning(VmEvent event) {
        if (event instanceof VmEvent.StopRequested || event instanceof VmEvent.CommandEnded) {
            return VmState.STOPPING;
        }
        if (event instanceof VmEvent.RemoveRequested) {
            return VmState.GONE;
        }
        if (event instanceof VmEvent.GuestEnded) {
            return VmState.ENDED;
        }
        if (event instanceof VmEvent.MachineFailed) {
            return VmState.FAILED;
        }
        return event instanceof VmEvent.OutgoingBegun ? VmState.OUTGOING : null;
    }

    private static VmState whileOutgoing(VmEvent event) {
        if (event instanceof VmEvent.OutgoingAborted) {
            return VmState.RUNNING;
        }
        if (event instanceof VmEvent.OutgoingDone) {
            return VmState.GONE;
        }
        if (event instanceof VmEvent.GuestEnded) {
            return VmState.ENDED;
        }
        return event instanceof VmEvent.MachineFailed ? VmState.FAILED : null;
    }

    private static VmState whileIncoming(VmEvent event) {
        if (event instanceof VmEvent.IncomingDone) {
            return VmState.RUNNING;
        }
        if (event instanceof VmEvent.IncomingAborted) {
            return VmState.GONE;
        }
        return event instanceof VmEvent.MachineFailed ? VmState.FAILED : null;
    }

    private static VmState whileStopping(VmEvent event) {
        if (event instanceof VmEvent.Stopped || event instanceof VmEvent.GuestEnded) {
            return VmState.STOPPED;
        }
        if (event instanceof VmEvent.RemoveRequested) {
            return VmState.GONE;
        }
        if (event instanceof VmEvent.StopRequested) {
            return VmState.STOPPING;
        }
        return event instanceof VmEvent.MachineFailed ? VmState.FAILED : null;
    }

    private static VmState atRest(VmEvent event) {
        if (event instanceof VmEvent.StartRequested) {
            return VmState.STARTING;
        }
        if (event instanceof VmEvent.StopRequested) {
            return VmState.STOPPED;
        }
        if (event instanceof VmEvent.RemoveRequested || event instanceof VmEvent.IncomingAborted) {
            return VmState.GONE;
        }
        return event instanceof VmEvent.OutgoingDone ? VmState.GONE : null;
    }
}
