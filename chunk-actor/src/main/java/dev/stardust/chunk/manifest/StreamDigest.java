package dev.stardust.chunk.manifest;

import dev.stardust.chunk.chunk.NativeBuffer;
import java.io.InterruptedIOException;

/**
 * Digests what is read, or does not. The reader takes an empty buffer, fills it, hands it over to be digested, and may still
 * read it until it takes the next one.
 */
interface StreamDigest extends AutoCloseable {
    NativeBuffer take() throws InterruptedIOException;

    void digest(NativeBuffer buffer, int length) throws InterruptedIOException;

    void digestZeros(long length) throws InterruptedIOException;

    /** The digest of all that was handed over, in hex; empty if there is none. */
    String finish() throws InterruptedIOException;

    @Override
    void close();

    /** One that only lends its buffer. */
    static StreamDigest none(int bufferBytes) {
        NativeBuffer buffer = new NativeBuffer(bufferBytes);
        return new StreamDigest() {
            @Override
            public NativeBuffer take() {
                return buffer;
            }

            @Override
            public void digest(NativeBuffer filled, int length) {}

            @Override
            public void digestZeros(long length) {}

            @Override
            public String finish() {
                return "";
            }

            @Override
            public void close() {}
        };
    }
}
