package dev.stardust.vm.worker;

/** Sends an event to every node connected to this worker; never blocks. */
@FunctionalInterface
public interface EventSink {
    /**
     * Sends one event.
     *
     * @param name 1 to 64 characters; {@code machine} is taken
     * @param body a record or tree that becomes a map
     */
    void emit(String name, Object body);
}
