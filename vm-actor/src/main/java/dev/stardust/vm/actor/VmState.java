package dev.stardust.vm.actor;

/** Where a VM is in its life on one host. */
public enum VmState {
    /** Its disks are fetched and its machine is made. */
    STARTING,
    RUNNING,
    /** It runs, or is paused for its last pages, and is being sent to another host. */
    OUTGOING,
    /** It is being received from another host; its guest does not run here. */
    INCOMING,
    STOPPING,
    /** Ended because a user asked; its disks are kept. */
    STOPPED,
    /** Ended by the guest itself; its disks are kept. */
    ENDED,
    /** Something broke: the reason says what. Its disks are kept. */
    FAILED,
    /** It is no longer this host's: removed, moved away, or never came. */
    GONE;

    /** The name that users see. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
