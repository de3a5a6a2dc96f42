package dev.stardust.chunk.volume;

import java.io.IOException;

/** A disk that refuses writes. */
abstract class ReadOnlyVolume implements Volume {
    @Override
    public final void write(long offset, long address, int length) throws IOException {
        throw refused();
    }

    @Override
    public final void zero(long offset, long length) throws IOException {
        throw refused();
    }

    private static IOException refused() {
        return new IOException("this disk is read-only");
    }

    @Override
    public final void flush() {}
}
