package dev.stardust.migration.page;

import static dev.stardust.migration.page.PageFrameFlyweight.ENTRY_LENGTH;
import static dev.stardust.migration.page.PageFrameFlyweight.HEADER_LENGTH;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_BASE;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_BLOCK;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_DATA;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_SAME_AS;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_ZERO;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import dev.stardust.hypervisor.memory.DirtyBitmap;
import dev.stardust.hypervisor.memory.PageHasher;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The source's end of a page stream: turns dirty pages and disk blocks into frames, sending as little as the target
 * needs. One thread uses it; per page it allocates nothing.
 *
 * <p>The guest may write a page while it is encoded. The page is copied once and everything is decided on the copy; the
 * caller must have fetched and cleared the dirty bitmap before, so that such a page is dirty again in the next round.
 */
public final class PageEncoder implements AutoCloseable {
    private static final int ENTRIES_PER_FRAME = 256;

    /** Frames shorter than this are always possible. */
    public static final int MIN_FRAME_BYTES = HEADER_LENGTH + ENTRIES_PER_FRAME * ENTRY_LENGTH + 2 * Pages.SIZE;

    /** No frame need be longer: 64 pages. */
    public static final int MAX_FRAME_BYTES =
            HEADER_LENGTH + ENTRIES_PER_FRAME * ENTRY_LENGTH + PageFrameFlyweight.MAX_DATA_PAGES * Pages.SIZE;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    private final PageRange memory;
    private final PageRange base;
    private final PageHasher hasher;
    private final PageCompression compression;
    private final FrameSink sink;
    private final TargetPages target;

    private final int slots;
    private final PageFrameFlyweight frame;
    private final ByteBuffer staging;
    private final long stagingAddress;
    private final ByteBuffer packed;
    private final long packedAddress;
    private final ByteBuffer hashes;
    private final long hashesAddress;
    private final int[] stagedGfn;

    /** Of the pages in {@code staging}, as {@link LinePacking#mask} gives them. */
    private final long[] masks;

    private final ZstdCompressCtx zstd;

    /** Pages in {@code staging} that have their entry. */
    private int decided;

    /** Pages in {@code staging}. */
    private int staged;

    private int entries;
    private int lastKind;
    private int lastDisk;
    private int lastNext;
    private int lastNextSource;
    private long sequence;
    private long stateBytes;

    private long scanned;
    private long sent;
    private long zero;
    private long zeroTold;
    private long baseEqual;
    private long baseTold;
    private long same;
    private long unchanged;
    private long blocks;
    private long wireBytes;

    /**
     * Makes an encoder for a target whose memory starts as zero, or as the base.
     *
     * @param memory the guest's RAM
     * @param base the base that both sides hold, mapped a second time, of as many pages as {@code memory}; or null
     * @param maxFrameBytes no frame is longer; from {@link #MIN_FRAME_BYTES} on
     */
    public PageEncoder(
            PageRange memory,
            PageRange base,
            PageHasher hasher,
            PageCompression compression,
            int maxFrameBytes,
            FrameSink sink) {
        if (base != null && base.pages() != memory.pages()) {
            throw new IllegalArgumentException("base of " + base.pages() + " pages for a memory of " + memory.pages());
        }
        if (maxFrameBytes < MIN_FRAME_BYTES) {
            throw new IllegalArgumentException(
                    "frames of " + maxFrameBytes + " bytes are too short, need " + MIN_FRAME_BYTES);
        }
        this.memory = memory;
        this.base = base;
        this.hasher = hasher;
        this.compression = compression;
        this.sink = sink;
        this.target = new TargetPages(memory.pages(), base != null);
        this.slots = Math.min(
                PageFrameFlyweight.MAX_DATA_PAGES,
                (maxFrameBytes - HEADER_LENGTH - ENTRIES_PER_FRAME * ENTRY_LENGTH) / Pages.SIZE);
        this.frame = new PageFrameFlyweight(PageFrameFlyweight.MAX_LENGTH);
        this.staging = BufferUtil.allocateDirectAligned(slots * Pages.SIZE, Pages.SIZE);
        this.stagingAddress = BufferUtil.address(staging);
        this.packed = ByteBuffer.allocateDirect(slots * (Pages.SIZE + 8));
        this.packedAddress = BufferUtil.address(packed);
        this.hashes = BufferUtil.allocateDirectAligned(slots * PageHasher.HASH_BYTES, BitUtil.CACHE_LINE_LENGTH);
        this.hashesAddress = BufferUtil.address(hashes);
        this.stagedGfn = new int[slots];
        this.masks = new long[slots];
        this.zstd = compression == PageCompression.ZSTD ? new ZstdCompressCtx().setLevel(1) : null;
    }

    /**
     * Encodes the pages whose bit is set.
     *
     * @param dirty a snapshot of its own, with as many bits as there are pages
     */
    public void pages(DirtyBitmap dirty) {
        if (dirty.pages() != memory.pages()) {
            throw new IllegalArgumentException(
                    "bitmap of " + dirty.pages() + " pages for a memory of " + memory.pages());
        }
        for (long gfn = dirty.nextSet(0); gfn >= 0; gfn = dirty.nextSet(gfn + 1)) {
            page((int) gfn);
        }
    }

    /** Counts pages that are as both sides' memory started: nothing is to be told of them. */
    public void untouched(long pages) {
        scanned += pages;
        if (base == null) {
            zero += pages;
        } else {
            baseEqual += pages;
        }
    }

    private void page(int gfn) {
        scanned++;
        long copy = stagingAddress + (long) staged * Pages.SIZE;
        Pages.copy(memory.page(gfn), copy);
        long mask = LinePacking.mask(copy);
        if (mask == 0) {
            zero++;
            if (!target.isZero(gfn)) {
                target.setZero(gfn);
                zeroTold++;
                tell(KIND_ZERO, gfn);
            }
        } else if (base != null && Pages.equal(copy, base.page(gfn))) {
            baseEqual++;
            if (!target.isBase(gfn)) {
                target.setBase(gfn);
                baseTold++;
                tell(KIND_BASE, gfn);
            }
        } else {
            stagedGfn[staged] = gfn;
            masks[staged++] = mask;
            if (staged == slots) {
                decide();
            }
        }
    }

    /**
     * Encodes one 4 KiB block of a disk.
     *
     * @param disk number of the disk, from 0 to 255
     * @param address native address of the block's bytes, which are copied
     */
    public void block(int disk, long block, long address) {
        if (disk < 0 || disk > 255 || block < 0 || block >= 1L << 31) {
            throw new IllegalArgumentException("block " + block + " of disk " + disk);
        }
        decide();
        long copy = stagingAddress + (long) staged * Pages.SIZE;
        Pages.copy(address, copy);
        masks[staged++] = LinePacking.mask(copy);
        decided++;
        blocks++;
        entry(KIND_BLOCK, disk, (int) block, 0);
        if (decided == slots || entriesRunOut()) {
            flush();
        }
    }

    /** Sends the paused machine's device state. */
    public void state(byte[] state) {
        decide();
        flush();
        int piece = slots * Pages.SIZE - PageFrameFlyweight.STATE_PREFIX_LENGTH;
        for (int offset = 0; offset < state.length; offset += piece) {
            int length = Math.min(piece, state.length - offset);
            frame.buffer().putInt(HEADER_LENGTH, offset, LE);
            frame.buffer().putInt(HEADER_LENGTH + 4, state.length, LE);
            frame.buffer().putBytes(HEADER_LENGTH + PageFrameFlyweight.STATE_PREFIX_LENGTH, state, offset, length);
            int data = PageFrameFlyweight.STATE_PREFIX_LENGTH + length;
            send(frame.seal(PageFrameFlyweight.TYPE_STATE, 0, sequence, 0, data, data));
        }
        stateBytes += state.length;
    }

    /** Sends what is held back and the round's end, and starts counting anew. */
    public RoundCounts endRound(int round, boolean last) {
        decide();
        flush();
        UnsafeBuffer buffer = frame.buffer();
        buffer.putInt(HEADER_LENGTH, round, LE);
        buffer.putInt(HEADER_LENGTH + 4, last ? 1 : 0, LE);
        buffer.putLong(HEADER_LENGTH + 8, sent, LE);
        buffer.putLong(HEADER_LENGTH + 16, zeroTold, LE);
        buffer.putLong(HEADER_LENGTH + 24, baseTold, LE);
        buffer.putLong(HEADER_LENGTH + 32, same, LE);
        buffer.putLong(HEADER_LENGTH + 40, blocks, LE);
        buffer.putLong(HEADER_LENGTH + 48, stateBytes, LE);
        int data = PageFrameFlyweight.ROUND_END_LENGTH;
        send(frame.seal(PageFrameFlyweight.TYPE_ROUND_END, 0, sequence, 0, data, data));
        RoundCounts counts = new RoundCounts(scanned, sent, zero, baseEqual, same, unchanged, blocks, wireBytes);
        scanned = 0;
        sent = 0;
        zero = 0;
        zeroTold = 0;
        baseEqual = 0;
        baseTold = 0;
        same = 0;
        unchanged = 0;
        blocks = 0;
        wireBytes = 0;
        return counts;
    }

    /** Hashes the staged pages that have no entry yet, drops those that need no bytes and closes the gaps. */
    private void decide() {
        int fresh = staged - decided;
        if (fresh == 0) {
            return;
        }
        hasher.hash(stagingAddress + (long) decided * Pages.SIZE, fresh, hashesAddress);
        int kept = decided;
        for (int i = 0; i < fresh; i++) {
            int slot = decided + i;
            int gfn = stagedGfn[slot];
            long hash = hashesAddress + (long) i * PageHasher.HASH_BYTES;
            if (target.holds(gfn, hash)) {
                unchanged++;
                continue;
            }
            int source = target.find(hash);
            target.setHash(gfn, hash);
            if (source >= 0) {
                same++;
                entry(KIND_SAME_AS, 0, gfn, source);
                continue;
            }
            if (kept != slot) {
                Pages.copy(stagingAddress + (long) slot * Pages.SIZE, stagingAddress + (long) kept * Pages.SIZE);
                masks[kept] = masks[slot];
            }
            kept++;
            sent++;
            entry(KIND_DATA, 0, gfn, 0);
        }
        decided = kept;
        staged = kept;
        // What is left free is too little for a good batch of hashes.
        if (decided > slots / 2 || entriesRunOut()) {
            flush();
        }
    }

    /** Entries of pages that need no bytes may overtake those of staged pages: the target's state is kept in order. */
    private void tell(int kind, int gfn) {
        entry(kind, 0, gfn, 0);
        if (entriesRunOut()) {
            decide();
            flush();
        }
    }

    /** Whether a batch of staged pages might find no room for its entries if one more came before it. */
    private boolean entriesRunOut() {
        return entries >= ENTRIES_PER_FRAME - slots;
    }

    private void entry(int kind, int disk, int first, int source) {
        boolean follows = entries > 0
                && kind == lastKind
                && disk == lastDisk
                && first == lastNext
                && (kind != KIND_SAME_AS || source == lastNextSource);
        if (follows) {
            frame.growEntry(entries - 1);
        } else {
            frame.putEntry(entries++, kind, disk, first, 1, source);
        }
        lastKind = kind;
        lastDisk = disk;
        lastNext = first + 1;
        lastNextSource = source + 1;
    }

    /** Sends the entries there are, with the bytes of all decided pages; no page may be undecided then. */
    private void flush() {
        if (entries == 0) {
            return;
        }
        int flags = 0;
        int length = decided * Pages.SIZE;
        ByteBuffer from = staging;
        long fromAddress = stagingAddress;
        if (compression != PageCompression.NONE && pays(packedLength(), length)) {
            flags |= PageFrameFlyweight.FLAG_LINES;
            length = pack();
            from = packed;
            fromAddress = packedAddress;
        }
        int rawLength = length;
        int offset = frame.dataOffset(entries);
        if (zstd != null && length > 0) {
            int compressed = zstd.compressDirectByteBuffer(
                    frame.bytes(), offset, (int) Zstd.compressBound(length), from, 0, length);
            if (pays(compressed, length)) {
                flags |= PageFrameFlyweight.FLAG_ZSTD;
                length = compressed;
            }
        }
        if ((flags & PageFrameFlyweight.FLAG_ZSTD) == 0) {
            UnsafeApi.copyMemory(fromAddress, frame.address() + offset, length);
        }
        send(frame.seal(PageFrameFlyweight.TYPE_PAGES, flags, sequence, entries, length, rawLength));
        entries = 0;
        decided = 0;
        staged = 0;
    }

    private static boolean pays(int smaller, int length) {
        return smaller < length - length / 8;
    }

    private int packedLength() {
        int length = 0;
        for (int i = 0; i < decided; i++) {
            length += LinePacking.length(masks[i]);
        }
        return length;
    }

    private int pack() {
        int length = 0;
        for (int i = 0; i < decided; i++) {
            length += LinePacking.pack(stagingAddress + (long) i * Pages.SIZE, masks[i], packedAddress + length);
        }
        return length;
    }

    private void send(int length) {
        sequence++;
        wireBytes += length;
        sink.accept(frame.buffer(), 0, length);
    }

    @Override
    public void close() {
        if (zstd != null) {
            zstd.close();
        }
    }
}
