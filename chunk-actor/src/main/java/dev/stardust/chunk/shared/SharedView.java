package dev.stardust.chunk.shared;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.store.NativeFile;
import dev.stardust.hypervisor.libc.MappedMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.agrona.concurrent.UnsafeBuffer;

/** A shared disk as its readers have it, mapped. */
public final class SharedView implements AutoCloseable {
    private final SharedLayout layout;
    private final MappedMemory memory;
    private final SharedBits present;

    private SharedView(SharedLayout layout, MappedMemory memory) {
        this.layout = layout;
        this.memory = memory;
        present = new SharedBits(memory.address() + layout.presentAt(), layout.extents());
    }

    /**
     * Maps the disk with that manifest; empty if this host does not share it.
     *
     * @param sizeBytes of the disk
     * @param extents how many pieces it has
     * @throws IOException when what is there is not that disk
     */
    public static Optional<SharedView> open(Path folder, ChunkId root, long sizeBytes, long extents)
            throws IOException {
        SharedLayout layout = new SharedLayout(root, sizeBytes, extents);
        Path path = layout.file(folder);
        try (NativeFile file = NativeFile.openRead(path)) {
            if (file.size() != layout.fileBytes()) {
                throw notThat(path);
            }
            MappedMemory memory = file.map(false);
            ByteBuffer header = layout.header();
            UnsafeBuffer found = new UnsafeBuffer(memory.address(), SharedLayout.HEADER_BYTES);
            if (!found.equals(new UnsafeBuffer(header))) {
                memory.close();
                throw notThat(path);
            }
            return Optional.of(new SharedView(layout, memory));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static IOException notThat(Path path) {
        return new IOException(path + " is not the shared disk that its name says");
    }

    /** Whether an extent is there. */
    public boolean has(int extent) {
        return present.get(extent);
    }

    /** Where a byte of the disk is; to be read only if its extent is there, and before this is closed. */
    public long address(long offset) {
        if (offset < 0 || offset >= layout.sizeBytes()) {
            throw new IndexOutOfBoundsException("byte " + offset + " of " + layout.sizeBytes());
        }
        return memory.address() + layout.dataAt() + offset;
    }

    @Override
    public void close() {
        memory.close();
    }
}
