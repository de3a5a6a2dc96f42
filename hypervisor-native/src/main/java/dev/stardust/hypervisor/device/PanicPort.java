package dev.stardust.hypervisor.device;

import java.util.function.Consumer;

/**
 * The port by which a guest tells of its panic (QEMU, docs/specs/pvpanic.rst): a read gives the events that are known,
 * a write is an event.
 */
public final class PanicPort implements BusDevice {
    /** The port. */
    public static final int PORT = 0x505;

    private static final int PANICKED = 1;
    private static final int CRASH_LOADED = 2;

    /** What a guest tells. */
    public enum Event {
        /** It panicked, and nobody in it deals with that. */
        PANICKED,
        /** It panicked, and its crash kernel takes over. */
        CRASH_LOADED
    }

    private final Consumer<Event> listener;

    /**
     * Makes the port.
     *
     * @param listener called on the vCPU's thread for each event
     */
    public PanicPort(Consumer<Event> listener) {
        this.listener = listener;
    }

    @Override
    public long read(long offset, int width) {
        return PANICKED | CRASH_LOADED;
    }

    @Override
    public void write(long offset, int width, long value) {
        if ((value & PANICKED) != 0) {
            listener.accept(Event.PANICKED);
        } else if ((value & CRASH_LOADED) != 0) {
            listener.accept(Event.CRASH_LOADED);
        }
    }
}
