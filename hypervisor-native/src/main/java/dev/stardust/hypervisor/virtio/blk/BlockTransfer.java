package dev.stardust.hypervisor.virtio.blk;

import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.virtio.DescriptorChain;
import java.io.IOException;

/** Moves bytes between a disk and the buffers of a request, with no copy between. Allocates nothing. */
public final class BlockTransfer {
    /** Most bytes of one call of a backend. */
    static final int PIECE_BYTES = 1 << 20;

    private BlockTransfer() {}

    /**
     * Reads from a disk into the writable part of a chain, which has room for it.
     *
     * @param skip bytes of the writable part to leave out
     */
    public static void read(BlockBackend disk, long offset, DescriptorChain into, long skip, long length)
            throws IOException {
        long at = offset;
        long end = offset + length;
        long left = skip;
        for (int i = into.readableCount(); i < into.count() && at < end; i++) {
            long skipped = Math.min(left, into.length(i));
            long part = Math.min(into.length(i) - skipped, end - at);
            readBuffer(disk, at, into.memory(), into.address(i) + skipped, part);
            left -= skipped;
            at += part;
        }
    }

    private static void readBuffer(BlockBackend disk, long offset, GuestMemory memory, long guestAddress, long length)
            throws IOException {
        long address = memory.checkedAddress(guestAddress, length);
        try {
            for (long done = 0; done < length; done += PIECE_BYTES) {
                disk.read(offset + done, address + done, (int) Math.min(PIECE_BYTES, length - done));
            }
        } finally {
            // Even a read that failed may have written a part.
            memory.markDirty(guestAddress, length);
        }
    }

    /**
     * Writes the readable part of a chain to a disk.
     *
     * @param skip bytes of the readable part to leave out
     */
    static void write(BlockBackend disk, long offset, DescriptorChain from, long skip) throws IOException {
        long at = offset;
        long left = skip;
        for (int i = 0; i < from.readableCount(); i++) {
            long skipped = Math.min(left, from.length(i));
            long part = from.length(i) - skipped;
            writeBuffer(disk, at, from.memory().checkedAddress(from.address(i) + skipped, part), part);
            left -= skipped;
            at += part;
        }
    }

    private static void writeBuffer(BlockBackend disk, long offset, long address, long length) throws IOException {
        for (long done = 0; done < length; done += PIECE_BYTES) {
            disk.write(offset + done, address + done, (int) Math.min(PIECE_BYTES, length - done));
        }
    }
}
