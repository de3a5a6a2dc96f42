package dev.stardust.cluster.stream;

import org.agrona.MutableDirectBuffer;

/** Writes a frame's payload straight into the stream's buffer. */
@FunctionalInterface
public interface PayloadWriter {
    /** Writes all bytes of the announced length. */
    void write(MutableDirectBuffer buffer, int offset);
}
