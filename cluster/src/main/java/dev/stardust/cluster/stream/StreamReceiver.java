package dev.stardust.cluster.stream;

import dev.stardust.cluster.stream.StreamException.Reason;
import io.aeron.ControlledFragmentAssembler;
import io.aeron.Image;
import io.aeron.Subscription;
import io.aeron.logbuffer.ControlledFragmentHandler.Action;
import io.aeron.logbuffer.Header;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.DirectBuffer;

/**
 * The receiving end of a stream. Polled by one thread; what it knows may be read by others.
 *
 * <p>Memory is bounded: a receiver that does not poll holds at most three term buffers and one frame, and the sender
 * waits. Frames that are not the sender's (token, checksum, layout) are refused and counted; frames that are missing
 * break the stream.
 */
public final class StreamReceiver implements AutoCloseable {
    private final StreamSession session;
    private final FrameFlyweight frame = new FrameFlyweight();
    private final ReceiptTally tally = new ReceiptTally();
    private final ControlledFragmentAssembler assembler = new ControlledFragmentAssembler(this::onMessage);

    private Subscription subscription;
    private FrameHandler handler;
    private long nextSequence;
    private RuntimeException failure;
    private volatile boolean imageSeen;
    private volatile boolean imageGone;
    private final AtomicLong refused = new AtomicLong();
    private volatile StreamReceipt end;

    StreamReceiver(StreamSession session) {
        this.session = session;
    }

    /** Called once, before anything else. */
    void attach(Subscription attached) {
        subscription = attached;
    }

    void onAvailable(Image image) {
        imageSeen = true;
    }

    void onUnavailable(Image image) {
        imageGone = true;
    }

    /** For the sender. */
    public StreamSession session() {
        return session;
    }

    /** Whether the sender has come. */
    public boolean isConnected() {
        return imageSeen;
    }

    /** Whether the end of the stream was received and everything before it was. */
    public boolean ended() {
        return end != null;
    }

    /** What was received, once the stream has {@link #ended}, else what has been received so far (polling thread). */
    public StreamReceipt receipt() {
        StreamReceipt complete = end;
        return complete != null ? complete : tally.receipt();
    }

    /** How many frames were refused. */
    public long refused() {
        return refused.get();
    }

    /**
     * Hands received frames to the handler.
     *
     * @param fragmentLimit how many datagram-sized fragments to take at most
     * @return how many were taken; 0 after the end
     * @throws StreamException PEER_GONE or CORRUPT when the stream broke before its end, CLOSED, DRIVER; and whatever
     *     the handler throws, after which the stream is broken too
     */
    public int poll(FrameHandler to, int fragmentLimit) {
        if (failure != null) {
            throw failure;
        }
        if (end != null) {
            return 0;
        }
        if (subscription.isClosed()) {
            throw fail(new StreamException(Reason.CLOSED, session + " is closed here, or its media driver is gone"));
        }
        boolean goneBefore = imageGone;
        handler = to;
        int fragments = subscription.controlledPoll(assembler, fragmentLimit);
        if (failure != null) {
            throw failure;
        }
        if (fragments == 0 && end == null && (goneBefore || senderLeft())) {
            throw fail(new StreamException(
                    Reason.PEER_GONE, "the sender of " + session + " went away before the end of the stream"));
        }
        return fragments;
    }

    /** Stops receiving; the sender notices. */
    @Override
    public void close() {
        if (!subscription.isClosed() && end == null && subscription.imageCount() > 0) {
            subscription.imageAtIndex(0).reject("receiver closed");
        }
        subscription.close();
    }

    /** Whether it closed its end and all it sent has been polled. */
    private boolean senderLeft() {
        return subscription.imageCount() > 0 && subscription.imageAtIndex(0).isEndOfStream();
    }

    private Action onMessage(DirectBuffer buffer, int offset, int length, Header header) {
        if (end != null || failure != null) {
            return Action.COMMIT;
        }
        // Aeron passes what a handler throws to an error handler and goes on: keep it for poll() instead.
        try {
            return onFrame(buffer, offset, length);
        } catch (RuntimeException e) {
            failure = e;
            return Action.BREAK;
        }
    }

    private Action onFrame(DirectBuffer buffer, int offset, int length) {
        if (frame.wrap(buffer, offset, length, session.token()) != FrameFlyweight.Fault.NONE) {
            refused.incrementAndGet();
            return Action.COMMIT;
        }
        if (frame.sequence() != nextSequence) {
            throw new StreamException(
                    Reason.CORRUPT,
                    session + " lost frames: number " + frame.sequence() + " came after " + (nextSequence - 1));
        }
        switch (frame.kind()) {
            case FrameFlyweight.KIND_DATA -> {
                int checksum = frame.checksum();
                int payloadLength = frame.payloadLength();
                if (!handler.onFrame(buffer, frame.payloadOffset(), payloadLength)) {
                    return Action.ABORT;
                }
                tally.add(payloadLength, checksum);
            }
            case FrameFlyweight.KIND_RECEIPT -> handler.onReceipt(frame.receipt());
            default -> finish(frame.receipt());
        }
        nextSequence++;
        return Action.COMMIT;
    }

    private void finish(StreamReceipt sent) {
        StreamReceipt received = tally.receipt();
        if (!sent.equals(received)) {
            throw new StreamException(
                    Reason.CORRUPT, session + " does not add up: sent " + sent + ", received " + received);
        }
        end = received;
    }

    private RuntimeException fail(StreamException e) {
        failure = e;
        return e;
    }
}
