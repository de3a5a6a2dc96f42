package dev.stardust.migration.page;

/** Where an applier puts what is not memory. */
@FunctionalInterface
public interface PageStreamTarget {
    /**
     * Stores one 4 KiB block of a disk.
     *
     * @param disk a number of the disks that the applier was told of
     * @param block inside that disk
     * @param address native address of the bytes, valid during the call
     */
    void block(int disk, long block, long address);
}
