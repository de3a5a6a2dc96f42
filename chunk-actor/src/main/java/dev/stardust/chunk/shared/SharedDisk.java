package dev.stardust.chunk.shared;

import dev.stardust.chunk.chunk.ChunkId;
import dev.stardust.chunk.chunk.FastCdc;
import dev.stardust.chunk.chunk.NativeBuffer;
import dev.stardust.chunk.manifest.Manifest;
import dev.stardust.chunk.store.ChunkReader;
import dev.stardust.chunk.store.NativeFile;
import dev.stardust.hypervisor.libc.MappedMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A shared disk as its owner has it, who alone writes it. Not thread safe; readers in any process may read meanwhile, since an
 * extent is whole before its bit is set, and never changes.
 */
final class SharedDisk implements AutoCloseable {
    private final SharedLayout layout;
    private final Manifest manifest;
    private final NativeFile file;
    private final MappedMemory head;
    private final SharedBits present;
    private final NativeBuffer chunk = new NativeBuffer(FastCdc.MAX_CHUNK_BYTES);

    private SharedDisk(SharedLayout layout, Manifest manifest, NativeFile file, MappedMemory head) {
        this.layout = layout;
        this.manifest = manifest;
        this.file = file;
        this.head = head;
        present = new SharedBits(head.address() + layout.presentAt(), layout.extents());
    }

    /** Makes the file of a disk none of whose bytes are there. */
    static SharedDisk create(Path folder, ChunkId root, Manifest manifest) throws IOException {
        SharedLayout layout = new SharedLayout(root, manifest.sizeBytes(), manifest.count());
        Path path = layout.file(folder);
        Files.deleteIfExists(path);
        NativeFile file = NativeFile.create(path);
        try {
            // Written, not left as holes: where there is no memory for them, that is told here, and not by a signal.
            NativeBuffer zeros = new NativeBuffer(Math.toIntExact(layout.dataAt()));
            ByteBuffer header = layout.header();
            NativeBuffer.copyFrom(header, zeros.address());
            file.write(0, zeros.address(), layout.dataAt());
            MappedMemory head = file.map(true);
            file.truncate(layout.fileBytes());
            return new SharedDisk(layout, manifest, file, head);
        } catch (IOException | RuntimeException e) {
            file.close();
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /** Bytes of an extent. */
    int length(int extent) {
        return manifest.length(extent);
    }

    int extents() {
        return manifest.count();
    }

    /** Brings an extent's bytes, verified, for all readers. */
    void fill(int extent, ChunkReader chunks) throws IOException {
        int length = manifest.length(extent);
        chunks.read(manifest.id(extent), length, chunk.address());
        file.write(layout.dataAt() + manifest.offset(extent), chunk.address(), length);
        present.set(extent);
    }

    /** Takes its name away; its memory goes with its last reader. */
    @Override
    public void close() throws IOException {
        try (file) {
            head.close();
            Files.deleteIfExists(file.path());
        }
    }
}
