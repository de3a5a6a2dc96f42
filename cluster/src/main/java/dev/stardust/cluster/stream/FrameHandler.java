package dev.stardust.cluster.stream;

import org.agrona.DirectBuffer;

/** Takes what a {@link StreamReceiver} received, on the thread that polls it. */
@FunctionalInterface
public interface FrameHandler {
    /**
     * A checked data frame.
     *
     * @param buffer valid during the call only
     * @return false to get the same frame again at the next poll: back pressure, up to the sender
     */
    boolean onFrame(DirectBuffer buffer, int offset, int length);

    /** The other side tells, on this stream, what it received on the stream of the other direction. */
    default void onReceipt(StreamReceipt receipt) {}
}
