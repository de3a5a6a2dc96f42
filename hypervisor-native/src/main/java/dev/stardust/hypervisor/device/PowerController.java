package dev.stardust.hypervisor.device;

import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The machine's power, as the ACPI tables describe it: four ports of a byte each. The sleep registers are those of ACPI
 * hardware-reduced machines (ACPI specification 6.5, 4.8.3.7).
 *
 * <pre>
 *   +0  sleep control: sleep type in bits 2 to 4, bit 5 enters it; S5 powers off
 *   +1  sleep status: reads 0
 *   +2  reset: value 1 resets
 *   +3  events: a read gives those pending and clears them; bit 0 power button
 * </pre>
 */
public final class PowerController implements BusDevice {
    /** Its first port. */
    public static final int BASE = 0x600;

    /** Ports it owns. */
    public static final int PORTS = 4;

    public static final int SLEEP_CONTROL = 0;
    public static final int SLEEP_STATUS = 1;
    public static final int RESET = 2;
    public static final int EVENTS = 3;

    /** The sleep type that is S5, soft off. */
    public static final int SLEEP_TYPE_S5 = 5;

    /** What resets when it is written to the reset register. */
    public static final int RESET_VALUE = 1;

    /** Event: somebody asks the guest to shut down. */
    public static final int POWER_BUTTON = 1;

    /** Bytes of {@link #save}. */
    public static final int STATE_SIZE = Integer.BYTES;

    private static final int SLEEP_TYPE_SHIFT = 2;
    private static final int SLEEP_TYPE_MASK = 7;
    private static final int SLEEP_ENABLE = 1 << 5;

    private final InterruptLine line;
    private final Runnable powerOff;
    private final Runnable reset;
    private final AtomicInteger pending = new AtomicInteger();

    /**
     * Makes the controller.
     *
     * @param line of the events, an edge-triggered interrupt
     * @param powerOff called on the vCPU's thread when the guest powers off
     * @param reset called on the vCPU's thread when the guest asks for a reset
     */
    public PowerController(InterruptLine line, Runnable powerOff, Runnable reset) {
        this.line = line;
        this.powerOff = powerOff;
        this.reset = reset;
    }

    @Override
    public long read(long offset, int width) {
        // Only the event register holds anything; a wider access reads it in its place.
        long at = EVENTS - offset;
        return at >= 0 && at < width ? (long) pending.getAndSet(0) << (at * Byte.SIZE) : 0;
    }

    @Override
    public void write(long offset, int width, long value) {
        for (int i = 0; i < width && offset + i < PORTS; i++) {
            writeRegister((int) offset + i, (int) (value >>> (i * Byte.SIZE)) & 0xff);
        }
    }

    private void writeRegister(int register, int value) {
        if (register == SLEEP_CONTROL && entersS5(value)) {
            powerOff.run();
        } else if (register == RESET && value == RESET_VALUE) {
            reset.run();
        }
    }

    /** Whether a byte powers off when it is written to a sleep control register, be it this one or that of a PC. */
    static boolean entersS5(int value) {
        return (value & SLEEP_ENABLE) != 0 && ((value >> SLEEP_TYPE_SHIFT) & SLEEP_TYPE_MASK) == SLEEP_TYPE_S5;
    }

    /** Asks the guest to shut down, as pressing the power button does. From any thread. */
    public void pressPowerButton() {
        pending.getAndUpdate(events -> events | POWER_BUTTON);
        tell();
    }

    /** An edge each time: one that comes before the guest listens is lost, the next must not be. */
    private void tell() {
        line.set(true);
        line.set(false);
    }

    /** The pending events: {@link #STATE_SIZE} bytes. */
    public byte[] save() {
        byte[] state = new byte[STATE_SIZE];
        new UnsafeBuffer(state).putInt(0, pending.get(), ByteOrder.LITTLE_ENDIAN);
        return state;
    }

    /**
     * Puts a saved state back, after that of the interrupt controllers, and tells the guest again of what is pending.
     *
     * @throws IllegalArgumentException if the state cannot be one of {@link #save()}
     */
    public void restore(DirectBuffer state) {
        int events = state.capacity() == STATE_SIZE ? state.getInt(0, ByteOrder.LITTLE_ENDIAN) : -1;
        if ((events & ~POWER_BUTTON) != 0) {
            throw new IllegalArgumentException("power controller: the saved state is not valid");
        }
        pending.set(events);
        if (events != 0) {
            tell();
        }
    }
}
