package dev.stardust.hypervisor.device;

/**
 * The reset control register of a PC's chip set at port 0xcf9 (Intel 82371SB, 2.5.1.3), by which BIOSes reboot. It lies
 * among the ports of the PCI configuration (0xcf8 to 0xcff), which this machine does not have: those read as all ones, and
 * it must own them, so that a write of the 32-bit address at 0xcf8 is not taken for one of the register.
 */
public final class ResetControl implements BusDevice {
    /** Its first port. */
    public static final int BASE = 0xcf8;

    /** Ports it owns. */
    public static final int PORTS = 8;

    private static final int REGISTER = 1;
    private static final int RESET_CPU = 1 << 2;

    private final Runnable reset;

    /**
     * Makes the register.
     *
     * @param reset called on the vCPU's thread when the guest asks for a reset
     */
    public ResetControl(Runnable reset) {
        this.reset = reset;
    }

    @Override
    public long read(long offset, int width) {
        return -1;
    }

    @Override
    public void write(long offset, int width, long value) {
        if (offset == REGISTER && width == 1 && (value & RESET_CPU) != 0) {
            reset.run();
        }
    }
}
