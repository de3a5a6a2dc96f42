package dev.stardust.chunk.local;

import dev.stardust.chunk.manifest.DiskData;
import dev.stardust.chunk.manifest.RawFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A disk image in a file, raw or of another format, or a folder's tree as one, as {@link DiskData}. */
final class DiskFile implements DiskData {
    private final String name;
    private final RawFile raw;
    private final Path temporary;

    private DiskFile(String name, RawFile raw, Path temporary) {
        this.name = name;
        this.raw = raw;
        this.temporary = temporary;
    }

    /**
     * Opens an image.
     *
     * @param image a file; of a folder an ext4 is made that holds what is in it
     * @param folder takes a raw copy of what is not raw, until this is closed
     */
    static DiskData open(Path image, Path folder) throws IOException {
        boolean tree = Files.isDirectory(image);
        if (!tree && (!Files.isRegularFile(image) || !Qcow2.is(image))) {
            return RawFile.open(image);
        }
        Path copy = Files.createTempFile(Files.createDirectories(folder), "converted-", ".raw");
        try {
            if (tree) {
                Ext4.make(image, copy);
            } else {
                Qcow2.convert(image, copy);
            }
            return new DiskFile(image.toString(), RawFile.open(copy), copy);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(copy);
            throw e;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long expectedBytes() {
        return raw.expectedBytes();
    }

    @Override
    public int read(long address, int capacity) throws IOException {
        return raw.read(address, capacity);
    }

    @Override
    public long offset() {
        return raw.offset();
    }

    @Override
    public long sizeBytes() throws IOException {
        return raw.sizeBytes();
    }

    @Override
    public void close() throws IOException {
        try (raw) {
            Files.deleteIfExists(temporary);
        }
    }
}
