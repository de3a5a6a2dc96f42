package dev.stardust.chunk.store;

import dev.stardust.chunk.chunk.ChunkCodec;
import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.CorruptChunkException;
import dev.stardust.chunk.chunk.StoredChunk;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Reads chunks from a store's segments in a process that does not own the store: takes no lock, writes nothing, sees
 * what the owner appends. Thread safe.
 *
 * <p>It reads with {@code pread} and not through a mapping: a bad sector or a file cut short then fails one read, where a
 * mapping would end the process and all its VMs by SIGBUS. The page cache is shared either way.
 */
public final class SegmentReader implements AutoCloseable {
    private final Path folder;
    private final UUID store;
    private final Map<Integer, NativeFile> files = new HashMap<>();
    private boolean closed;

    /** Reads from the store with this id in {@code folder}; files are opened when first read from. */
    public SegmentReader(Path folder, UUID store) {
        this.folder = folder;
        this.store = store;
    }

    /** The id of the store it reads from. */
    public UUID store() {
        return store;
    }

    /**
     * Writes a chunk's raw bytes to {@code address}, verified against its id.
     *
     * @param segment number of the segment
     * @param offset where its record starts
     * @param id the chunk that must be there
     * @param rawLength its length, room for which is at {@code address}
     * @throws CorruptChunkException when the chunk is not there or is damaged
     */
    public void read(int segment, int offset, ChunkId id, int rawLength, long address) throws IOException {
        StoredChunk chunk = RecordReader.local().chunk(file(segment), offset, id);
        if (chunk.rawLength() != rawLength) {
            throw new CorruptChunkException("chunk " + id + " has " + chunk.rawLength() + " bytes, not " + rawLength);
        }
        ChunkCodec.decode(chunk, address);
    }

    private synchronized NativeFile file(int segment) throws IOException {
        if (closed) {
            throw new IOException("the reader of " + folder + " is closed");
        }
        NativeFile open = files.get(segment);
        if (open == null) {
            open = NativeFile.openRead(SegmentFile.path(folder, segment));
            try {
                UUID found = SegmentFile.readHeader(open, segment);
                if (!found.equals(store)) {
                    throw new CorruptChunkException(open.path() + " belongs to store " + found + ", not " + store);
                }
            } catch (IOException e) {
                open.close();
                throw e;
            }
            files.put(segment, open);
        }
        return open;
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        for (NativeFile f : files.values()) {
            f.close();
        }
        files.clear();
    }

    /** The numbers of the segments in a folder, ascending. */
    static List<Integer> list(Path folder) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(folder, "[0-9]*.seg")) {
            for (Path p : paths) {
                String name = p.getFileName().toString();
                if (name.matches("\\d{8}\\.seg")) {
                    numbers.add(Integer.parseInt(name.substring(0, 8)));
                }
            }
        }
        Collections.sort(numbers);
        return numbers;
    }
}
