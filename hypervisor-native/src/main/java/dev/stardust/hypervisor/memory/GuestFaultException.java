package dev.stardust.hypervisor.memory;

/** A guest named memory that it does not have. */
public final class GuestFaultException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Makes one for a range of guest-physical addresses. */
    public GuestFaultException(long guestAddress, long length, long sizeBytes) {
        super("guest address 0x" + Long.toHexString(guestAddress) + ", length " + Long.toUnsignedString(length)
                + " is outside its RAM of " + sizeBytes + " bytes");
    }
}
