package dev.stardust.vm.qemu;

import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.GuestMemory;
import dev.stardust.hypervisor.memory.PageHasher;
import java.nio.ByteBuffer;
import org.agrona.BufferUtil;
import org.agrona.UnsafeApi;

/**
 * Finds out which pages changed since it last looked, by their hashes: QEMU keeps its own dirty log to itself. While the guest
 * runs this is a good guess only, since a page may change and change back between a look and a copy; so all pages that were ever
 * written are told when the guest stands still, and who copies them leaves out what the target has.
 */
final class DirtyByHash {
    private static final int BATCH = 64;

    private final GuestMemory memory;
    private final PageHasher hasher;
    private final long[] known;
    private final DirtyBitmap touched;

    /** All that was ever touched: a page that the guest gave back is a hole again, and yet the target may hold something. */
    private final DirtyBitmap ever;

    private final ByteBuffer hashes = BufferUtil.allocateDirectAligned(BATCH * PageHasher.HASH_BYTES, Long.BYTES);

    /** Has not looked yet: every page that may hold something counts as changed. */
    DirtyByHash(GuestMemory memory, PageHasher hasher) {
        this.memory = memory;
        this.hasher = hasher;
        touched = DirtyBitmap.forBytes(memory.sizeBytes());
        ever = DirtyBitmap.forBytes(memory.sizeBytes());
        known = new long[Math.toIntExact(touched.pages())];
    }

    /** Adds pages that changed while the guest runs. */
    void look(DirtyBitmap into) {
        touched.clear();
        memory.addTouched(touched);
        ever.orInto(touched);
        touched.orInto(ever);
        touched.forEachRun((first, count) -> {
            for (long at = first; at < first + count; at += BATCH) {
                look((int) at, (int) Math.min(BATCH, first + count - at), into);
            }
        });
    }

    private void look(int first, int count, DirtyBitmap into) {
        long address = BufferUtil.address(hashes);
        hasher.hash(memory.address() + (long) first * QemuHost.PAGE_BYTES, count, address);
        for (int i = 0; i < count; i++) {
            // 64 bits: what chance or a guest hides from a look is found when the guest stands still.
            long hash = UnsafeApi.getLong(address + (long) i * PageHasher.HASH_BYTES);
            if (known[first + i] != hash) {
                known[first + i] = hash;
                into.set(first + i);
            }
        }
    }

    /** Adds all pages that may hold something else than at the beginning. */
    void all(DirtyBitmap into) {
        memory.addTouched(into);
        ever.orInto(into);
    }
}
