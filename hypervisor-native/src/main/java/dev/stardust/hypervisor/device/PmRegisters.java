package dev.stardust.hypervisor.device;

/**
 * The registers of fixed ACPI hardware (ACPI specification 6.5, 4.8.3), as far as they must be there: a guest that is told of
 * a machine without them takes a PC's interrupt controller and timer for absent, too, and leaves them as the BIOS did. They
 * never raise their interrupt: the power button is an event of the {@link PowerController}.
 *
 * <pre>
 *   +0  PM1 status, 2 bytes: reads 0, nothing ever happens
 *   +2  PM1 enable, 2 bytes: reads what was written
 *   +4  PM1 control, 2 bytes: reads 1 (interrupts are ACPI's); sleep type in bits 10 to 12, bit 13 enters it; S5 powers off
 * </pre>
 */
public final class PmRegisters implements BusDevice {
    /** Its first port. */
    public static final int BASE = 0x608;

    /** Ports it owns. */
    public static final int PORTS = 6;

    /** Its interrupt (SCI): a pin of the IOAPIC that no other device has. */
    public static final int GSI = 22;

    /** The event block: status and enable. */
    public static final int EVENT = 0;

    public static final int EVENT_BYTES = 4;
    public static final int CONTROL = 4;
    public static final int CONTROL_BYTES = 2;

    private static final int ENABLE = 2;
    private static final int SCI_ENABLED = 1;

    private final Runnable powerOff;
    private final byte[] registers = new byte[PORTS];

    /**
     * Makes them.
     *
     * @param powerOff called on the vCPU's thread when the guest powers off
     */
    public PmRegisters(Runnable powerOff) {
        this.powerOff = powerOff;
        registers[CONTROL] = SCI_ENABLED;
    }

    @Override
    public synchronized long read(long offset, int width) {
        long value = 0;
        for (int i = 0; i < width && offset + i < PORTS; i++) {
            value |= (registers[(int) offset + i] & 0xffL) << (i * Byte.SIZE);
        }
        return value;
    }

    @Override
    public synchronized void write(long offset, int width, long value) {
        for (int i = 0; i < width && offset + i < PORTS; i++) {
            writeByte((int) offset + i, (int) (value >>> (i * Byte.SIZE)) & 0xff);
        }
    }

    private void writeByte(int register, int value) {
        if (register >= ENABLE && register < CONTROL) {
            registers[register] = (byte) value;
        } else if (register == CONTROL + 1 && PowerController.entersS5(value)) {
            powerOff.run();
        }
    }
}
