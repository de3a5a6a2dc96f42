package dev.stardust.vm.actor;

/**
 * What somebody who copies a file wants next.
 *
 * @param what that
 * @param offset where {@code data} is in the file, or from where on it is wanted
 * @param data for the guest's file, at most 64 KiB; may be empty
 */
public record CopyStep(What what, long offset, byte[] data) {
    /** Steps. */
    public enum What {
        /** There is the next part for the guest's file; what is left out between parts is zeros. */
        PUT,
        /** How is it going? Before a first part from the guest, and after the last one for it. */
        FINISH,
        /** The next part of the guest's file. */
        GET,
        /** Nothing more. */
        LEAVE
    }
}
