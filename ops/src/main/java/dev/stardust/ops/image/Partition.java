package dev.stardust.ops.image;

/**
 * A partition of a disk, all of it within the disk.
 *
 * @param number as Linux counts it, from 1; 0 for the whole of a disk without partitions
 * @param startByte where it begins
 * @param sizeBytes its size
 * @param uuid as the kernel's word PARTUUID= has it, empty if it has none
 */
record Partition(int number, long startByte, long sizeBytes, String uuid) {
    static Partition whole(RawDisk disk) {
        return new Partition(0, 0, disk.sizeBytes(), "");
    }

    /** Its device in a guest whose first disk this is. */
    String device() {
        return number == 0 ? "/dev/vda" : "/dev/vda" + number;
    }
}
