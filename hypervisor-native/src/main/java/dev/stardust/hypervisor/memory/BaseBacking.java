package dev.stardust.hypervisor.memory;

import dev.stardust.hypervisor.libc.MappedMemory;

/**
 * RAM that started as a base, mapped privately. Dropping a page of such a mapping would show the base's content again,
 * so anonymous memory takes the place of what is given back, and stays there: giving it back once more only drops it.
 *
 * <p>Each place apart from the others costs two mappings, of which a process may have 65,530
 * ({@code vm.max_map_count}): their number is bounded, and a small range is not worth one. What adjoins an earlier place
 * is joined to it by the kernel and costs none, however small.
 */
final class BaseBacking implements Backing {
    /** A range apart from others is given back from this many pages on. */
    static final int MIN_PAGES_APART = 16;

    /** Most places apart that are made in the life of one RAM: 50 machines of a process stay below half its mappings. */
    static final int MAX_PLACES = 256;

    private final MappedMemory mapping;
    private final long ramAt;
    private final long sizeBytes;

    /** Pages that are anonymous memory now. */
    private final DirtyBitmap replaced;

    /** Never counted down: what grew together may still be two mappings. */
    private int places;

    /**
     * Makes one.
     *
     * @param ramAt where RAM begins in the mapping, in bytes
     */
    BaseBacking(MappedMemory mapping, long ramAt, long sizeBytes) {
        this.mapping = mapping;
        this.ramAt = ramAt;
        this.sizeBytes = sizeBytes;
        replaced = DirtyBitmap.forBytes(sizeBytes);
    }

    @Override
    public synchronized boolean discard(long at, long length) {
        long first = at >>> DirtyBitmap.PAGE_SHIFT;
        long count = length >>> DirtyBitmap.PAGE_SHIFT;
        if (replaced.nextClear(first) >= first + count) {
            mapping.drop(ramAt + at, length);
            return true;
        }
        if (!adjoins(first, count)) {
            if (count < MIN_PAGES_APART || places == MAX_PLACES) {
                return false;
            }
            places++;
        }
        mapping.overlayAnonymous(ramAt + at, length);
        replaced.setRange(first, count);
        return true;
    }

    private boolean adjoins(long first, long count) {
        long next = replaced.nextSet(Math.max(0, first - 1));
        return next >= 0 && next <= first + count;
    }

    /** A page that was replaced and not touched since is in no page table, and yet is not as in the base. */
    @Override
    public void addTouched(DirtyBitmap into) {
        TouchedPages.ofPrivateMapping(mapping.address() + ramAt, sizeBytes, into);
        replaced.orInto(into);
    }

    @Override
    public void close() {
        // The mapping is all there is.
    }
}
