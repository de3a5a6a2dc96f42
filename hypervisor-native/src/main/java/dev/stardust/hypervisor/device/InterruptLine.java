package dev.stardust.hypervisor.device;

/** The wire from a device to the interrupt controller. */
@FunctionalInterface
public interface InterruptLine {
    /** Raises ({@code true}) or lowers the line. */
    void set(boolean level);
}
