package dev.stardust.hypervisor.memory;

/** A guest named memory that it does not have. Nothing was touched. */
public final class GuestFaultException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Names the range. */
    public GuestFaultException(long gpa, long length, long sizeBytes) {
        super("guest-physical 0x" + Long.toHexString(gpa) + " + " + Long.toUnsignedString(length) + " is outside of "
                + sizeBytes + " bytes of RAM");
    }
}
