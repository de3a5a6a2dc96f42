package dev.stardust.ops.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What the first blocks of a partition tell of the file system in it.
 *
 * @param type as {@code mount -t} takes it, for example ext4; empty if it is none that is known
 * @param uuid its UUID as UUID= has it, empty if it is not ext2, 3 or 4
 */
record FileSystem(String type, String uuid) {
    private static final FileSystem UNKNOWN = new FileSystem("", "");

    private static final int EXT_AT = 1024;
    private static final int EXT_BYTES = 1024;
    private static final int EXT_MAGIC_AT = 0x38;
    private static final int EXT_MAGIC = 0xef53;
    private static final int EXT_UUID_AT = 0x68;

    private static final int XFS_MAGIC = 0x4253_4658; // "XFSB"
    private static final long BTRFS_AT = 0x1_0040;
    private static final long BTRFS_MAGIC = 0x4d5f_5366_5248_425fL; // "_BHRfS_M"
    private static final long LVM_AT = 512;
    private static final long LVM_MAGIC = 0x454e_4f4c_4542_414cL; // "LABELONE"
    private static final long ISO_AT = 0x8001;
    private static final String ISO_MAGIC = "CD001";

    /** What is in a partition. */
    static FileSystem of(RawDisk disk, Partition in) throws IOException {
        if (in.sizeBytes() >= EXT_AT + EXT_BYTES) {
            ByteBuffer block = disk.read(in.startByte() + EXT_AT, EXT_BYTES);
            if (Short.toUnsignedInt(block.getShort(EXT_MAGIC_AT)) == EXT_MAGIC) {
                long high = Long.reverseBytes(block.getLong(EXT_UUID_AT));
                long low = Long.reverseBytes(block.getLong(EXT_UUID_AT + Long.BYTES));
                return new FileSystem("ext4", new UUID(high, low).toString());
            }
        }
        if (in.sizeBytes() >= Integer.BYTES
                && disk.read(in.startByte(), Integer.BYTES).getInt(0) == XFS_MAGIC) {
            return new FileSystem("xfs", "");
        }
        if (hasLong(disk, in, BTRFS_AT, BTRFS_MAGIC)) {
            return new FileSystem("btrfs", "");
        }
        return hasLong(disk, in, LVM_AT, LVM_MAGIC) ? new FileSystem("LVM", "") : UNKNOWN;
    }

    private static boolean hasLong(RawDisk disk, Partition in, long at, long magic) throws IOException {
        return in.sizeBytes() >= at + Long.BYTES
                && disk.read(in.startByte() + at, Long.BYTES).getLong(0) == magic;
    }

    /** Whether a disk is a CD, which may pretend to have partitions too. */
    static boolean isCd(RawDisk disk) throws IOException {
        if (!disk.has(ISO_AT, ISO_MAGIC.length())) {
            return false;
        }
        return new String(disk.read(ISO_AT, ISO_MAGIC.length()).array(), java.nio.charset.StandardCharsets.US_ASCII)
                .equals(ISO_MAGIC);
    }

    /** ext2, 3 or 4, all of which Linux mounts as ext4. */
    boolean isExt() {
        return type.equals("ext4");
    }
}
