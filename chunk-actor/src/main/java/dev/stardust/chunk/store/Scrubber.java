package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.StoredChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;

/** Reads every record of segments and checks that it holds the chunk it is there for. One scrub of a store. */
final class Scrubber {
    private final ChunkStore store;
    private final ChunkIndex index;
    private final Pace pace;
    private final List<Damage> damages = new ArrayList<>();
    private long records;
    private long diskBytes;
    private long rawBytes;
    private boolean pastCache = true;

    Scrubber(ChunkStore store, ChunkIndex index, Pace pace) {
        this.store = store;
        this.index = index;
        this.pace = pace;
    }

    ScrubReport report() {
        return new ScrubReport(records, diskBytes, rawBytes, pastCache, List.copyOf(damages));
    }

    /** Checks a segment; gives what is damaged there of what is in use. It may be removed meanwhile. */
    List<Damage> scrub(int segment) throws IOException {
        List<Damage> here = new ArrayList<>();
        SegmentIndex expected = store.records(segment);
        try (DiskReader disk = DiskReader.open(SegmentFile.path(store.folder(), segment))) {
            for (int i = 0; i < expected.count(); i++) {
                int offset = expected.offset(i);
                if (index.contains(expected.fingerprint(i), ChunkIndex.place(segment, offset))) {
                    long before = disk.diskBytes();
                    String wrong = check(disk, offset, expected.fingerprint(i));
                    pace.took(disk.diskBytes() - before);
                    if (wrong != null) {
                        here.add(new Damage(segment, offset, expected.fingerprint(i), wrong));
                    }
                }
            }
            diskBytes += disk.diskBytes();
            pastCache &= disk.pastCache();
        } catch (NoSuchFileException e) {
            if (store.has(segment)) {
                throw e;
            }
        }
        damages.addAll(here);
        return here;
    }

    /** What is wrong with a record, or null. */
    private String check(DiskReader disk, int offset, long fingerprint) throws IOException {
        records++;
        ByteBuffer bytes = disk.read(offset, SegmentFormat.MAX_RECORD_BYTES);
        if (bytes.remaining() < SegmentFormat.RECORD_HEADER_BYTES) {
            return "the segment ends before it";
        }
        SegmentFormat.Header h = SegmentFormat.recordHeader(bytes);
        if (h == null) {
            return "its head is damaged";
        }
        ChunkId id = h.id();
        if (ChunkIndex.fingerprint(id) != fingerprint) {
            return "another chunk, " + id + ", lies there";
        }
        if (bytes.remaining() < SegmentFormat.RECORD_HEADER_BYTES + h.storedLength()) {
            return "the segment ends in it";
        }
        rawBytes += h.rawLength();
        if (SegmentFormat.crc(bytes, SegmentFormat.RECORD_HEADER_BYTES, h.storedLength()) != h.crc()) {
            return "its checksum is wrong";
        }
        for (int i = SegmentFormat.RECORD_HEADER_BYTES + h.storedLength(); i < h.recordBytes(); i++) {
            if (i < bytes.limit() && bytes.get(i) != 0) {
                return "the bytes behind it are not zero";
            }
        }
        ByteBuffer stored = bytes.slice(SegmentFormat.RECORD_HEADER_BYTES, h.storedLength());
        try {
            ChunkCodec.verify(new StoredChunk(id, h.rawLength(), h.compressed(), stored));
            return null;
        } catch (CorruptChunkException e) {
            return e.getMessage();
        }
    }
}
