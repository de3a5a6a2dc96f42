package dev.stardust.migration.page;

import org.agrona.DirectBuffer;

/** Where frames go, in order. */
@FunctionalInterface
public interface FrameSink {
    /**
     * Takes one frame; returns once the buffer may be reused, so back pressure is felt here. What it throws ends the
     * sending.
     */
    void accept(DirectBuffer buffer, int offset, int length);
}
