package dev.stardust.hypervisor.machine;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;

/**
 * A machine whose guest's memory this process reaches. These calls are synchronous; those that touch memory must have
 * returned before {@link #destroy()} is called, except that they then fail when they come too late.
 */
public interface LocalMachine extends Machine {
    /** What the machine is doing, at once. */
    MachineStatus statusNow();

    /**
     * Guest RAM as this process sees it: what the guest wrote since the last {@link #collectDirty} or {@link #pause} may be
     * missing. It is unmapped by {@link #destroy()}: nobody may use it from then on.
     */
    GuestMemory memory();

    /**
     * Puts a saved state into a machine that was built alike and has not run. Memory and disks are brought by the caller,
     * before the machine is resumed. Afterwards the machine is PAUSED: whole, as if it had been paused here, which is how
     * a restarted node tells it from one that is still being received.
     *
     * @throws MachineException if the state is damaged, of another kind of machine or of another kind of CPU
     */
    void restoreState(MachineState state);

    /** Starts noting the pages that the guest and the devices write. May take some ms: do it while the guest runs. */
    void startDirtyLog();

    /** Stops noting written pages and forgets those not yet collected. */
    void stopDirtyLog();

    /**
     * Adds the pages that may have been written since the last call, or since the log was started, to {@code into}. The
     * guest may run meanwhile: a page that it writes is in this collection or in a later one, and in the one that is made
     * when it is paused at the latest. Read pages only after this returns.
     */
    void collectDirty(DirtyBitmap into);
}
