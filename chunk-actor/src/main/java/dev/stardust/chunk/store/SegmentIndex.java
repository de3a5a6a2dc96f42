package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;

/**
 * What a scan of a segment that is not written any more, or not until the store is opened again, would find, in a file beside it, so that a store opens without
 * reading its segments. It is only a copy: one that is missing, damaged or of another segment is made anew by a scan.
 * Little-endian but for the UUID.
 *
 * <pre>
 *   0  magic "SDSEGIDX"                      entry, 12 bytes, in the order of the records
 *   8  version, 1                             0  fingerprint: bytes 8..15 of the chunk id, as a big-endian number
 *  12  segment number                         8  offset of the record / 8
 *  16  store UUID, 16 bytes
 *  32  bytes of the segment
 *  40  raw bytes of all chunks
 *  48  stored bytes of all chunks
 *  56  number of entries n
 *  60  bytes that hold no record
 *  64  n entries
 *      CRC32C of all that is before it
 * </pre>
 */
final class SegmentIndex {
    private static final long MAGIC = 0x5844494745534453L;
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 64;
    private static final int ENTRY_BYTES = 12;
    private static final int FIRST_ENTRIES = 1024;

    /** A segment's records take at least 64 bytes each. */
    static final int MAX_BYTES = HEADER_BYTES + (ChunkStore.SEGMENT_BYTES / 64) * ENTRY_BYTES + Integer.BYTES;

    private long[] fingerprints = new long[FIRST_ENTRIES];
    private int[] units = new int[FIRST_ENTRIES];
    private int count;
    private long end = SegmentFormat.HEADER_BYTES;
    private long rawBytes;
    private long storedBytes;
    private int damagedBytes;

    /** Gets each entry. */
    @FunctionalInterface
    interface Visitor {
        void entry(long fingerprint, int offset);
    }

    static Path path(Path folder, int segment) {
        return folder.resolve("%08d.idx".formatted(segment));
    }

    /** Notes a record, which follows all that were noted before. */
    void add(SegmentFormat.Header h, int offset) {
        if (count == units.length) {
            int room = Math.max(FIRST_ENTRIES, 2 * count);
            fingerprints = Arrays.copyOf(fingerprints, room);
            units = Arrays.copyOf(units, room);
        }
        fingerprints[count] = ChunkIndex.fingerprint(h.id());
        units[count] = offset / SegmentFormat.ALIGNMENT;
        count++;
        damagedBytes += (int) (offset - end);
        end = (long) offset + h.recordBytes();
        rawBytes += h.rawLength();
        storedBytes += h.storedLength();
    }

    /** As it is now. */
    SegmentIndex copy() {
        SegmentIndex copy = new SegmentIndex();
        copy.fingerprints = Arrays.copyOf(fingerprints, count);
        copy.units = Arrays.copyOf(units, count);
        copy.count = count;
        copy.end = end;
        copy.rawBytes = rawBytes;
        copy.storedBytes = storedBytes;
        copy.damagedBytes = damagedBytes;
        return copy;
    }

    /** The first {@code n} of its records, when the others have so many bytes in all. */
    SegmentIndex first(int n, long othersRawBytes, long othersStoredBytes) {
        SegmentIndex first = copy();
        first.end = offset(n);
        first.count = n;
        first.rawBytes -= othersRawBytes;
        first.storedBytes -= othersStoredBytes;
        return first;
    }

    int count() {
        return count;
    }

    /** Where the last record ends, or the segment. */
    long end() {
        return end;
    }

    long rawBytes() {
        return rawBytes;
    }

    long storedBytes() {
        return storedBytes;
    }

    /** The segment ends there; what lies behind the last record is damaged. */
    void endAt(long segmentBytes) {
        damagedBytes += (int) (segmentBytes - end);
        end = segmentBytes;
    }

    /** Bytes that are of no record. */
    int damagedBytes() {
        return damagedBytes;
    }

    long fingerprint(int i) {
        return fingerprints[i];
    }

    /** Where a record starts. */
    int offset(int i) {
        return units[i] * SegmentFormat.ALIGNMENT;
    }

    /** Bytes of a record, with what is damaged behind it. */
    long recordBytes(int i) {
        return (i + 1 < count ? offset(i + 1) : end) - offset(i);
    }

    void forEach(Visitor visitor) {
        for (int i = 0; i < count; i++) {
            visitor.entry(fingerprints[i], offset(i));
        }
    }

    /** Writes it beside its segment, whole or not at all. */
    void write(Path folder, int segment, UUID store) throws IOException {
        int bytes = HEADER_BYTES + count * ENTRY_BYTES;
        ByteBuffer b = new NativeBuffer(bytes + Integer.BYTES).buffer();
        b.putLong(0, MAGIC);
        b.putInt(8, VERSION);
        b.putInt(12, segment);
        b.putLong(16, Long.reverseBytes(store.getMostSignificantBits()));
        b.putLong(24, Long.reverseBytes(store.getLeastSignificantBits()));
        b.putLong(32, end);
        b.putLong(40, rawBytes);
        b.putLong(48, storedBytes);
        b.putInt(56, count);
        b.putInt(60, damagedBytes);
        for (int i = 0; i < count; i++) {
            b.putLong(HEADER_BYTES + i * ENTRY_BYTES, fingerprints[i]);
            b.putInt(HEADER_BYTES + i * ENTRY_BYTES + 8, units[i]);
        }
        b.putInt(bytes, SegmentFormat.crc(b, 0, bytes));
        AtomicFile.write(path(folder, segment), b);
    }

    /** How many records a segment has, by the size of the file alone; 0 when there is none. */
    static int expected(Path folder, int segment) throws IOException {
        Path path = path(folder, segment);
        if (!Files.exists(path)) {
            return 0;
        }
        long entries = Math.min(Files.size(path), MAX_BYTES) - HEADER_BYTES - Integer.BYTES;
        return (int) Math.max(0, entries / ENTRY_BYTES);
    }

    /** Reads that of a segment; null when there is none that fits it. */
    static SegmentIndex read(Path folder, int segment, UUID store, long segmentBytes) throws IOException {
        Path path = path(folder, segment);
        if (!Files.exists(path)) {
            return null;
        }
        try (NativeFile file = NativeFile.openRead(path)) {
            long size = file.size();
            if (size < HEADER_BYTES + Integer.BYTES || size > MAX_BYTES) {
                return null;
            }
            NativeBuffer memory = new NativeBuffer((int) size);
            file.read(0, memory.address(), size);
            return parse(memory.buffer(), segment, store, segmentBytes);
        }
    }

    /** Null when it is not sound, or not of that segment. */
    static SegmentIndex parse(ByteBuffer b, int segment, UUID store, long segmentBytes) {
        int bytes = b.capacity() - Integer.BYTES;
        int count = b.getInt(56);
        boolean fits = b.getLong(0) == MAGIC
                && b.getInt(8) == VERSION
                && b.getInt(12) == segment
                && b.getLong(16) == Long.reverseBytes(store.getMostSignificantBits())
                && b.getLong(24) == Long.reverseBytes(store.getLeastSignificantBits())
                && b.getLong(32) == segmentBytes
                && count >= 0
                && bytes == HEADER_BYTES + (long) count * ENTRY_BYTES
                && b.getInt(bytes) == SegmentFormat.crc(b, 0, bytes);
        if (!fits) {
            return null;
        }
        SegmentIndex index = new SegmentIndex();
        index.end = b.getLong(32);
        index.rawBytes = b.getLong(40);
        index.storedBytes = b.getLong(48);
        index.damagedBytes = b.getInt(60);
        index.count = count;
        index.fingerprints = new long[count];
        index.units = new int[count];
        for (int i = 0; i < count; i++) {
            index.fingerprints[i] = b.getLong(HEADER_BYTES + i * ENTRY_BYTES);
            index.units[i] = b.getInt(HEADER_BYTES + i * ENTRY_BYTES + 8);
        }
        return index;
    }
}
