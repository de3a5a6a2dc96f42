package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.util.Objects;

/** A read-only disk that begins as another, has a size of its own, and is zero behind the other's end. */
final class ResizedVolume extends ReadOnlyVolume {
    private final Volume volume;
    private final long sizeBytes;

    private ResizedVolume(Volume volume, long sizeBytes) {
        this.volume = volume;
        this.sizeBytes = sizeBytes;
    }

    /** A disk of that size; the other one itself if it has it. The other is closed with it. */
    static Volume of(Volume volume, long sizeBytes) {
        return volume.sizeBytes() == sizeBytes ? volume : new ResizedVolume(volume, sizeBytes);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offset, long address, int length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes);
        int there = (int) Math.max(0, Math.min(length, volume.sizeBytes() - offset));
        if (there > 0) {
            volume.read(offset, address, there);
        }
        NativeBuffer.zero(address + there, length - there);
    }

    @Override
    public long extent(long offset, long length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes);
        long there = Math.min(length, volume.sizeBytes() - offset);
        return there > 0 ? volume.extent(offset, there) : -length;
    }

    @Override
    public void close() throws IOException {
        volume.close();
    }
}
