package dev.stardust.migration.page;

import static dev.stardust.migration.page.PageFrameFlyweight.FLAG_LINES;
import static dev.stardust.migration.page.PageFrameFlyweight.FLAG_ZSTD;
import static dev.stardust.migration.page.PageFrameFlyweight.HEADER_LENGTH;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_BASE;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_BLOCK;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_DATA;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_SAME_AS;
import static dev.stardust.migration.page.PageFrameFlyweight.KIND_ZERO;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.BufferUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The target's end of a page stream. A frame is checked as a whole before any of it is applied: every page, run, block
 * and length. One thread uses it.
 *
 * <p>The memory must start as zero, or as the base, as the encoder was told.
 */
public final class PageApplier implements AutoCloseable {
    /** No device state is longer: 16 MiB. */
    public static final int MAX_STATE_BYTES = 16 << 20;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final byte[] NO_STATE = new byte[0];

    private final PageRange memory;
    private final PageRange base;
    private final long[] diskBlocks;
    private final PageStreamTarget disks;

    private final PageFrameFlyweight frame = new PageFrameFlyweight(PageFrameFlyweight.MAX_LENGTH);
    private final ByteBuffer inflated = ByteBuffer.allocateDirect(PageFrameFlyweight.MAX_DATA_LENGTH);
    private final long inflatedAddress = BufferUtil.address(inflated);
    private final ByteBuffer page = BufferUtil.allocateDirectAligned(Pages.SIZE, Pages.SIZE);
    private final long pageAddress = BufferUtil.address(page);
    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
    private final long[] told = new long[KIND_BLOCK + 1];

    private long sequence;
    private int round;
    private boolean complete;
    private byte[] state = NO_STATE;
    private int stateLength;
    private boolean broken;

    /**
     * Makes an applier.
     *
     * @param base the base, mapped a second time; null without one, and then BASE entries are refused
     * @param diskBlocks size of each disk in 4 KiB blocks
     */
    public PageApplier(PageRange memory, PageRange base, long[] diskBlocks, PageStreamTarget disks) {
        if (base != null && base.pages() != memory.pages()) {
            throw new IllegalArgumentException("base of " + base.pages() + " pages for a memory of " + memory.pages());
        }
        this.memory = memory;
        this.base = base;
        this.diskBlocks = diskBlocks.clone();
        this.disks = disks;
    }

    /** Rounds whose end came. */
    public int rounds() {
        return round;
    }

    /** Whether the last round's end came: memory, disks and state are the source's. */
    public boolean isComplete() {
        return complete;
    }

    /** The device state; whole once {@link #isComplete}. */
    public byte[] state() {
        return state.clone();
    }

    /**
     * Applies the stream's next frame.
     *
     * @throws PageFrameException when it is damaged, out of order or hostile; nothing of it was applied, and no further
     *     frame is taken
     */
    public void apply(DirectBuffer source, int offset, int length) {
        if (broken || complete) {
            throw new PageFrameException("a frame after the stream's end");
        }
        broken = true;
        if (length < 0 || length > PageFrameFlyweight.MAX_LENGTH) {
            throw new PageFrameException("a frame of " + length + " bytes");
        }
        // A copy of our own: what was checked cannot change before it is applied.
        source.getBytes(offset, frame.buffer(), 0, length);
        frame.check(length, sequence);
        switch (frame.type()) {
            case PageFrameFlyweight.TYPE_PAGES -> applyPages();
            case PageFrameFlyweight.TYPE_ROUND_END -> applyRoundEnd();
            case PageFrameFlyweight.TYPE_STATE -> applyState();
            default -> throw new PageFrameException("frame of unknown type " + frame.type());
        }
        sequence++;
        broken = false;
    }

    private void applyPages() {
        int pieces = checkEntries();
        long data = frame.address() + frame.dataOffset(frame.entries());
        int length = frame.rawLength();
        if ((frame.flags() & FLAG_ZSTD) != 0) {
            inflate(length);
            data = inflatedAddress;
        }
        boolean lines = (frame.flags() & FLAG_LINES) != 0;
        checkPieces(data, length, pieces, lines);
        for (int i = 0; i < frame.entries(); i++) {
            int first = (int) frame.first(i);
            int run = (int) frame.run(i);
            int kind = frame.kind(i);
            told[kind] += run;
            for (int n = 0; n < run; n++) {
                switch (kind) {
                    case KIND_ZERO -> {
                        // Reading is cheaper than making a page of our own that is zero already.
                        if (!Pages.isZero(memory.page(first + n))) {
                            Pages.clear(memory.page(first + n));
                        }
                    }
                    case KIND_BASE -> Pages.copy(base.page(first + n), memory.page(first + n));
                    case KIND_SAME_AS -> Pages.copy(memory.page((int) frame.source(i) + n), memory.page(first + n));
                    case KIND_DATA -> data += unpack(data, lines, memory.page(first + n));
                    default -> {
                        data += unpack(data, lines, pageAddress);
                        disks.block(frame.disk(i), first + n, pageAddress);
                    }
                }
            }
        }
    }

    private static int unpack(long from, boolean lines, long to) {
        if (lines) {
            LinePacking.unpack(from, to);
            return LinePacking.packedLength(from, Integer.MAX_VALUE);
        }
        Pages.copy(from, to);
        return Pages.SIZE;
    }

    /** Checks all entries and returns how many pieces of data they take. */
    private int checkEntries() {
        long pieces = 0;
        for (int i = 0; i < frame.entries(); i++) {
            int kind = frame.kind(i);
            long first = frame.first(i);
            long run = frame.run(i);
            long source = frame.source(i);
            if (kind < KIND_DATA || kind > KIND_BLOCK || run == 0 || !frame.reservedIsZero(i)) {
                throw new PageFrameException("entry " + i + " of unknown kind " + kind + " or of no pages");
            }
            if (kind == KIND_BLOCK) {
                int disk = frame.disk(i);
                if (disk >= diskBlocks.length || first + run > diskBlocks[disk]) {
                    throw new PageFrameException(
                            "entry " + i + ": blocks " + first + "+" + run + " outside of disk " + disk);
                }
            } else if (first + run > memory.pages() || frame.disk(i) != 0) {
                throw new PageFrameException("entry " + i + ": pages " + first + "+" + run + " outside of memory");
            }
            if (kind == KIND_SAME_AS ? source + run > memory.pages() : source != 0) {
                throw new PageFrameException("entry " + i + ": copied from pages " + source + "+" + run);
            }
            if (kind == KIND_BASE && base == null) {
                throw new PageFrameException("entry " + i + " names a base, but this VM has none");
            }
            if (kind == KIND_DATA || kind == KIND_BLOCK) {
                pieces += run;
            }
        }
        if (pieces > PageFrameFlyweight.MAX_DATA_PAGES) {
            throw new PageFrameException("frame of " + pieces + " pages of data");
        }
        return (int) pieces;
    }

    private static void checkPieces(long data, int length, int pieces, boolean lines) {
        int used = 0;
        for (int i = 0; i < pieces; i++) {
            int piece = lines ? LinePacking.packedLength(data + used, length - used) : Pages.SIZE;
            if (piece < 0 || piece > length - used) {
                throw new PageFrameException("frame whose data ends within page " + i);
            }
            used += piece;
        }
        if (used != length) {
            throw new PageFrameException("frame with " + (length - used) + " bytes of data too many");
        }
    }

    private void inflate(int length) {
        int inflatedLength;
        try {
            inflatedLength = zstd.decompressDirectByteBuffer(
                    inflated, 0, length, frame.bytes(), frame.dataOffset(frame.entries()), frame.dataLength());
        } catch (ZstdException e) {
            throw new PageFrameException("frame whose data is not zstd: " + e.getMessage());
        }
        if (inflatedLength != length) {
            throw new PageFrameException("frame whose data inflates to " + inflatedLength + " bytes, not " + length);
        }
    }

    private void applyRoundEnd() {
        UnsafeBuffer buffer = frame.buffer();
        int last =
                frame.dataLength() == PageFrameFlyweight.ROUND_END_LENGTH ? buffer.getInt(HEADER_LENGTH + 4, LE) : -1;
        if (last != 0 && last != 1) {
            throw new PageFrameException("malformed end of a round");
        }
        if (buffer.getInt(HEADER_LENGTH, LE) != round + 1) {
            throw new PageFrameException(
                    "end of round " + buffer.getInt(HEADER_LENGTH, LE) + " instead of " + (round + 1));
        }
        for (int kind = KIND_DATA; kind <= KIND_BLOCK; kind++) {
            if (buffer.getLong(HEADER_LENGTH + 8 * kind, LE) != told[kind]) {
                throw new PageFrameException("round " + (round + 1) + " does not add up: kind " + kind + " came "
                        + told[kind] + " times, sent " + buffer.getLong(HEADER_LENGTH + 8 * kind, LE));
            }
            told[kind] = 0;
        }
        if (buffer.getLong(HEADER_LENGTH + 48, LE) != stateLength || (last == 1 && stateLength != state.length)) {
            throw new PageFrameException("the device state is not whole");
        }
        round++;
        complete = last == 1;
    }

    private void applyState() {
        int length = frame.dataLength() - PageFrameFlyweight.STATE_PREFIX_LENGTH;
        UnsafeBuffer buffer = frame.buffer();
        if (length <= 0 || buffer.getInt(HEADER_LENGTH, LE) != stateLength) {
            throw new PageFrameException("device state out of order");
        }
        int total = buffer.getInt(HEADER_LENGTH + 4, LE);
        if (stateLength == 0) {
            if (total <= 0 || total > MAX_STATE_BYTES) {
                throw new PageFrameException("device state of " + total + " bytes");
            }
            state = new byte[total];
        }
        if (total != state.length || length > total - stateLength) {
            throw new PageFrameException("device state longer than it said");
        }
        buffer.getBytes(HEADER_LENGTH + PageFrameFlyweight.STATE_PREFIX_LENGTH, state, stateLength, length);
        stateLength += length;
    }

    @Override
    public void close() {
        zstd.close();
    }
}
