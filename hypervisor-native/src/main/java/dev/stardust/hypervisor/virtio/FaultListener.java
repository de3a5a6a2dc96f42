package dev.stardust.hypervisor.virtio;

/** Hears that a driver broke the rules and its device stopped until it is reset. Called once for each such stop. */
@FunctionalInterface
public interface FaultListener {
    /** Called on a vCPU's or a queue worker's thread; returns soon and does not throw. */
    void onFault(String message);
}
