package dev.stardust.vm.actor;

/**
 * What a VM's host knows of its guest.
 *
 * @param ready whether the agent in it answers
 * @param health what its health check tells, as {@link GuestCare} has the words; empty for a VM without one
 */
public record GuestView(boolean ready, String health) {
    /** Nothing is known. */
    public static final GuestView NONE = new GuestView(false, "");
}
