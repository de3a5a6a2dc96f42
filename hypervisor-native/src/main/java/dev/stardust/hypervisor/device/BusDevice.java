package dev.stardust.hypervisor.device;

/**
 * A device on the PIO or MMIO bus. Calls come from vCPU threads, for a guest that may be hostile: every offset, width
 * and value must be taken. A device never throws for what the guest did; an access it does not know reads as zero and
 * is ignored when written.
 */
public interface BusDevice {
    /**
     * A read exit.
     *
     * @param offset bytes from the start of the device's range
     * @param width 1, 2, 4 or 8 bytes
     * @return the value, in the low {@code width} bytes
     */
    long read(long offset, int width);

    /**
     * A write exit.
     *
     * @param offset bytes from the start of the device's range
     * @param width 1, 2, 4 or 8 bytes
     * @param value the value, in the low {@code width} bytes
     */
    void write(long offset, int width, long value);
}
