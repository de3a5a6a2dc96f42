package dev.stardust.chunk.volume;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.IOException;
import java.util.Objects;

/** A read-only disk of extents, wherever their bytes are. */
abstract class ExtentVolume extends ReadOnlyVolume {
    private final Extents extents;

    ExtentVolume(Extents extents) {
        this.extents = extents;
    }

    /** Where the bytes of extent {@code i} are, until the next call; asked under this volume's lock. */
    abstract long address(int i) throws IOException;

    Extents extents() {
        return extents;
    }

    @Override
    public final long sizeBytes() {
        return extents.sizeBytes();
    }

    @Override
    public final long extent(long offset, long length) {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes());
        int i = extents.firstEndingAfter(offset);
        long start = i < extents.count() ? extents.offset(i) : sizeBytes();
        return start > offset
                ? -Math.min(length, start - offset)
                : Math.min(length, start + extents.length(i) - offset);
    }

    @Override
    public final synchronized void read(long offset, long address, int length) throws IOException {
        Objects.checkFromIndexSize(offset, /* size= */ length, /* length= */ sizeBytes());
        long end = offset + length;
        long at = offset;
        for (int i = extents.firstEndingAfter(offset); at < end; i++) {
            long start = i < extents.count() ? Math.min(end, extents.offset(i)) : end;
            if (start > at) {
                NativeBuffer.zero(address + (at - offset), start - at);
                at = start;
            }
            if (at < end) {
                long n = Math.min(end, extents.offset(i) + extents.length(i)) - at;
                NativeBuffer.copy(address(i) + (at - extents.offset(i)), address + (at - offset), n);
                at += n;
            }
        }
    }
}
