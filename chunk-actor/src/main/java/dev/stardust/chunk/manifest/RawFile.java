package dev.stardust.chunk.manifest;

import dev.stardust.chunk.store.NativeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/** A raw disk image, or whatever else, in a file, whose holes are not read. */
public final class RawFile implements DiskData {
    private static final int SECTOR_BYTES = 512;

    private final Path path;
    private final NativeFile file;
    private final long sizeBytes;
    private final FileTime modified;
    private final DataRuns runs;
    private long position;
    private long runEnd;
    private long offset;

    private RawFile(Path path, NativeFile file, long sizeBytes, FileTime modified) {
        this.path = path;
        this.file = file;
        this.sizeBytes = sizeBytes;
        this.modified = modified;
        runs = new DataRuns(file::nextData, file::nextHole, sizeBytes);
    }

    /** Opens a disk image. @throws IOException when it cannot be one */
    public static RawFile open(Path path) throws IOException {
        return open(
                path,
                SECTOR_BYTES,
                "a raw disk image has a multiple of 512, up to " + Manifest.MAX_SIZE_BYTES
                        + ": convert other formats first, e.g. by qemu-img convert -O raw");
    }

    /** Opens any file that is not empty. */
    public static RawFile ofFile(Path path) throws IOException {
        return open(path, 1, "1 to " + Manifest.MAX_SIZE_BYTES + " can be stored");
    }

    private static RawFile open(Path path, int unitBytes, String rule) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new IOException(path + (Files.exists(path) ? " is not a regular file" : " does not exist"));
        }
        FileTime modified = Files.getLastModifiedTime(path);
        NativeFile file = NativeFile.openRead(path);
        try {
            long size = file.size();
            if (size == 0 || size % unitBytes != 0 || size > Manifest.MAX_SIZE_BYTES) {
                throw new IOException(path + " has " + size + " bytes; " + rule);
            }
            return new RawFile(path, file, size, modified);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public long expectedBytes() {
        return sizeBytes;
    }

    @Override
    public int read(long address, int capacity) throws IOException {
        if (position == runEnd) {
            if (!runs.next()) {
                return 0;
            }
            position = runs.begin();
            runEnd = runs.end();
        }
        int n = (int) Math.min(capacity, runEnd - position);
        file.read(position, address, n);
        offset = position;
        position += n;
        return n;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public long sizeBytes() throws IOException {
        if (file.size() != sizeBytes || !Files.getLastModifiedTime(path).equals(modified)) {
            throw new IOException(path + " changed while it was read: stop what writes to it and try again");
        }
        return sizeBytes;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
