package dev.stardust.hypervisor.device;

/**
 * The one thing this machine has of an 8042 keyboard controller: port 0x64, where the command 0xFE pulls the reset line.
 * Reads give 0 (nothing to read, ready for a command).
 */
public final class ResetPort implements BusDevice {
    /** The port. */
    public static final int PORT = 0x64;

    private static final int PULSE_RESET = 0xfe;

    private final Runnable reset;

    /**
     * Makes the port.
     *
     * @param reset called on the vCPU's thread when the guest asks for a reset
     */
    public ResetPort(Runnable reset) {
        this.reset = reset;
    }

    @Override
    public long read(long offset, int width) {
        return 0;
    }

    @Override
    public void write(long offset, int width, long value) {
        if ((value & 0xff) == PULSE_RESET) {
            reset.run();
        }
    }
}
