package dev.stardust.migration.core;

import java.util.Optional;

/**
 * Which core a host needs. A host has at most one core a VM; whoever hosts the cores follows these two functions, at
 * each message, and for each VM when the node has started and again every few seconds.
 */
public final class MigrationRouting {
    private MigrationRouting() {}

    /** What to do with a message for a VM. */
    public enum Route {
        /** Give it to the core that is there. */
        TO_CORE,
        /** Make {@link MigrationTargetCore#start}. */
        NEW_TARGET,
        /** Make {@link MigrationTargetCore#recover}; it answers the question by itself. */
        RECOVER_TARGET,
        DROP
    }

    /** What to recover. */
    public enum Recovery {
        NONE,
        /** Make {@link MigrationSourceCore#recover}. */
        SOURCE,
        /** Make {@link MigrationTargetCore#recover} with the report's attempt. */
        TARGET
    }

    public static Route route(PeerMessage message, boolean hasCore) {
        if (hasCore) {
            return Route.TO_CORE;
        } else if (message instanceof PeerMessage.Offer) {
            return Route.NEW_TARGET;
        } else if (message instanceof PeerMessage.Ask) {
            return Route.RECOVER_TARGET;
        } else {
            return Route.DROP;
        }
    }

    /**
     * Whether something was left behind.
     *
     * @param record what this node has applied of {@code migrations/VM}; may be stale, the recovering core reads again
     * @param local what the host holds of the VM
     */
    public static Recovery recovery(
            String self, Optional<MigrationRecord> record, MachineReport local, boolean hasCore) {
        if (hasCore) {
            return Recovery.NONE;
        }
        return switch (local.kind()) {
            case PAUSED -> Recovery.SOURCE;
            case INCOMING, HELD -> Recovery.TARGET;
            case RUNNING -> isSending(self, local) || isOpenHere(self, record) ? Recovery.SOURCE : Recovery.NONE;
            case NONE, STARTED_AND_GONE -> isOpenHere(self, record) ? Recovery.SOURCE : Recovery.NONE;
        };
    }

    private static boolean isSending(String self, MachineReport local) {
        return local.attempt().filter(a -> a.source().equals(self)).isPresent();
    }

    private static boolean isOpenHere(String self, Optional<MigrationRecord> record) {
        return record.filter(r -> r.state() == MigrationRecord.State.OPEN)
                .filter(r -> r.attempt().source().equals(self))
                .isPresent();
    }
}
