package dev.stardust.hypervisor.memory;

/** What a guest's RAM is made of. Offsets are guest-physical addresses, all of whole pages inside RAM. */
interface Backing extends AutoCloseable {
    /**
     * Gives pages back to the host; they read as zeros from then on, until they are written again.
     *
     * @return whether it did; if not, nothing has changed
     */
    boolean discard(long at, long length);

    /** See {@link GuestMemory#addTouched}. */
    void addTouched(DirtyBitmap into);

    /** A path by which other processes of this user open the memory, or null if there is none. */
    default String path() {
        return null;
    }

    /** Frees what is there beside the mapping. */
    @Override
    void close();
}
