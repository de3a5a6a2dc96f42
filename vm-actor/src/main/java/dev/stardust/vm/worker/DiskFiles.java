package dev.stardust.vm.worker;

import dev.stardust.vm.spec.DiskLimit;

/**
 * A disk as files on the host.
 *
 * @param extents absolute path of the extent map, written by the node
 * @param delta absolute path of the file that takes the guest's writes, owned by the worker; of a read-only disk the one
 *     that has what was written before, or null if nothing was
 * @param serial what the guest reads as the disk's id, at most 20 bytes of ASCII
 * @param readOnly whether writes are refused
 * @param limit how much the guest may read and write
 */
public record DiskFiles(String extents, String delta, String serial, boolean readOnly, DiskLimit limit) {
    public DiskFiles {
        limit = limit == null ? DiskLimit.NONE : limit;
    }
}
