package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.AtomicFile;
import dev.stardust.chunk.store.ChunkLocation;
import dev.stardust.chunk.store.ChunkMissingException;
import dev.stardust.chunk.store.ChunkStore;
import dev.stardust.chunk.store.UnsupportedVersionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Where each chunk of a disk lies in the segments of this host: written by the node, read by the worker that serves the
 * disk. Mapped, so that it costs no heap. Little-endian but for the UUID.
 *
 * <pre>
 *   0  magic "SDEXTENT"                      entry, 56 bytes, ascending, not overlapping
 *   8  version, 1                             0  offset in the disk
 *  12  number of entries n                    8  length, 1..65536
 *  16  disk size in bytes                    12  segment number
 *  24  store UUID, 16 bytes                  16  offset of the record in the segment
 *  40  root id of the manifest, 32 bytes     20  zero
 *  72  zeros                                 24  chunk id, 32 bytes
 *  92  CRC32C of all other bytes
 *  96  n entries
 * </pre>
 */
public final class ExtentMap implements Extents {
    private static final long MAGIC = 0x544E455458454453L;
    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 96;
    private static final int ENTRY_BYTES = 56;
    private static final int CRC_AT = 92;

    private final ByteBuffer bytes;
    private final int count;
    private final long sizeBytes;

    private ExtentMap(ByteBuffer bytes) {
        this.bytes = bytes;
        count = bytes.getInt(12);
        sizeBytes = bytes.getLong(16);
    }

    /**
     * Writes the extent map of a disk, whole and durable or not at all. Every chunk must be in {@code store}, and its
     * segment stay there as long as the map is used: collections must be told that it is held.
     *
     * @param root the id that {@code manifest} is stored under
     * @throws ChunkMissingException when a chunk is not there
     */
    public static void write(Path file, Manifest manifest, ChunkId root, ChunkStore store) throws IOException {
        int n = manifest.count();
        NativeBuffer memory = new NativeBuffer(Math.toIntExact(HEADER_BYTES + (long) n * ENTRY_BYTES));
        ByteBuffer b = memory.buffer();
        b.putLong(0, MAGIC);
        b.putInt(8, VERSION);
        b.putInt(12, n);
        b.putLong(16, manifest.sizeBytes());
        b.putLong(24, Long.reverseBytes(store.uuid().getMostSignificantBits()));
        b.putLong(32, Long.reverseBytes(store.uuid().getLeastSignificantBits()));
        root.put(b, 40);
        store.locating(() -> {
            for (int i = 0; i < n; i++) {
                putEntry(b, i, manifest, store);
            }
            b.putInt(CRC_AT, crc(b));
            AtomicFile.write(file, b);
        });
    }

    private static void putEntry(ByteBuffer b, int i, Manifest manifest, ChunkStore store) throws IOException {
        ChunkId id = manifest.id(i);
        ChunkLocation at = store.locate(id).orElseThrow(() -> new ChunkMissingException(id));
        if (at.rawLength() != manifest.length(i)) {
            throw new CorruptChunkException(
                    "chunk " + id + " has " + at.rawLength() + " bytes, the manifest says " + manifest.length(i));
        }
        int e = entry(i);
        b.putLong(e, manifest.offset(i));
        b.putInt(e + 8, manifest.length(i));
        b.putInt(e + 12, at.segment());
        b.putInt(e + 16, at.offset());
        id.put(b, e + 24);
    }

    /**
     * Opens and checks an extent map.
     *
     * @throws CorruptChunkException when it is damaged
     * @throws UnsupportedVersionException when a newer release wrote it
     */
    public static ExtentMap open(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < HEADER_BYTES || channel.size() > Integer.MAX_VALUE) {
                throw new CorruptChunkException(file + " of " + channel.size() + " bytes is no extent map");
            }
            MappedByteBuffer b = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            b.order(ByteOrder.LITTLE_ENDIAN);
            if (b.getLong(0) != MAGIC) {
                throw new CorruptChunkException(file + " is no extent map");
            }
            if (b.getInt(CRC_AT) != crc(b)) {
                throw new CorruptChunkException(file + " is damaged: wrong checksum");
            }
            UnsupportedVersionException.check(file, b.getInt(8), VERSION);
            ExtentMap map = new ExtentMap(b);
            map.check(file);
            return map;
        }
    }

    private void check(Path file) throws CorruptChunkException {
        boolean sound = count >= 0
                && bytes.capacity() == HEADER_BYTES + (long) count * ENTRY_BYTES
                && sizeBytes >= 1
                && sizeBytes <= Manifest.MAX_SIZE_BYTES;
        long end = 0;
        for (int i = 0; sound && i < count; i++) {
            sound = offset(i) >= end
                    && length(i) >= 1
                    && length(i) <= FastCdc.MAX_CHUNK_BYTES
                    && offset(i) <= sizeBytes - length(i);
            end = offset(i) + length(i);
        }
        if (!sound) {
            throw new CorruptChunkException(file + " contradicts itself");
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    /** The store whose segments it points into. */
    public UUID store() {
        return new UUID(Long.reverseBytes(bytes.getLong(24)), Long.reverseBytes(bytes.getLong(32)));
    }

    /** The root id of the disk's manifest. */
    public ChunkId manifest() {
        return ChunkId.get(bytes, 40);
    }

    /** Whether a chunk is read from that segment, which must then stay as it is: for {@code ChunkStore.collect}. */
    public boolean holds(int segment) {
        for (int i = 0; i < count; i++) {
            if (segment(i) == segment) {
                return true;
            }
        }
        return false;
    }

    @Override
    public int count() {
        return count;
    }

    @Override
    public long offset(int i) {
        return bytes.getLong(entry(i));
    }

    @Override
    public int length(int i) {
        return bytes.getInt(entry(i) + 8);
    }

    int segment(int i) {
        return bytes.getInt(entry(i) + 12);
    }

    int recordOffset(int i) {
        return bytes.getInt(entry(i) + 16);
    }

    ChunkId id(int i) {
        return ChunkId.get(bytes, entry(i) + 24);
    }

    @Override
    public int firstEndingAfter(long offset) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (offset(middle) + length(middle) > offset) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    private static int entry(int i) {
        return HEADER_BYTES + i * ENTRY_BYTES;
    }

    private static int crc(ByteBuffer b) {
        CRC32C crc = new CRC32C();
        crc.update(b.duplicate().position(0).limit(CRC_AT));
        crc.update(b.duplicate().limit(b.capacity()).position(CRC_AT + 4));
        return (int) crc.getValue();
    }
}
