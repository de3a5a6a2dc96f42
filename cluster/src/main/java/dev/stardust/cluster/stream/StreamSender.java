package dev.stardust.cluster.stream;

import dev.stardust.cluster.stream.StreamException.Reason;
import io.aeron.ExclusivePublication;
import io.aeron.Publication;
import io.aeron.logbuffer.BufferClaim;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The sending end of a stream. For one thread at a time.
 *
 * <p>Frames that fit a datagram are written in place into Aeron's term buffer, and Aeron's driver fills datagrams with
 * as many of them as fit; larger ones are put together in a buffer of the sender and cut up by Aeron. Sending allocates
 * nothing.
 */
public final class StreamSender implements AutoCloseable {
    private final StreamSession session;
    private final ExclusivePublication publication;
    private final FrameFlyweight frame = new FrameFlyweight();
    private final BufferClaim claim = new BufferClaim();
    private final ReceiptTally tally = new ReceiptTally();
    private final CopyWriter copy = new CopyWriter();
    private final IdleStrategy idle = StreamIdle.napping(1);

    private UnsafeBuffer large;
    private long sequence;
    private boolean connectedOnce;
    private boolean finished;

    StreamSender(StreamSession session, ExclusivePublication publication) {
        this.session = session;
        this.publication = publication;
    }

    public StreamSession session() {
        return session;
    }

    /** Largest payload of one frame. */
    public int maxPayloadBytes() {
        return publication.maxMessageLength() - FrameFlyweight.HEADER_LENGTH;
    }

    /** Whether the receiver is there at this moment. */
    public boolean isConnected() {
        return publication.isConnected();
    }

    /**
     * Waits until the receiver is there.
     *
     * @throws StreamException NOT_CONNECTED after the time
     */
    public void awaitConnected(long timeoutMs) {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        idle.reset();
        while (!publication.isConnected()) {
            if (publication.isClosed()) {
                throw closed();
            }
            pause(deadlineNs, Reason.NOT_CONNECTED, timeoutMs);
        }
        connectedOnce = true;
    }

    /**
     * Sends a data frame if there is room.
     *
     * @return false when there is none at the moment (or no receiver yet): try again
     * @throws StreamException TOO_LARGE, PEER_GONE, DRIVER or CLOSED
     */
    public boolean offer(DirectBuffer source, int offset, int length) {
        return offer(length, copy.from(source, offset, length));
    }

    /** Like {@link #offer(DirectBuffer, int, int)}, with a payload that is written in place. */
    public boolean offer(int length, PayloadWriter writer) {
        return offer(FrameFlyweight.KIND_DATA, length, writer);
    }

    /**
     * Sends a data frame, waiting for room.
     *
     * @throws StreamException as offer, and TIMEOUT, NOT_CONNECTED or INTERRUPTED when nothing was sent
     */
    public void send(DirectBuffer source, int offset, int length, long timeoutMs) {
        send(FrameFlyweight.KIND_DATA, length, copy.from(source, offset, length), timeoutMs);
    }

    /** Like {@link #send(DirectBuffer, int, int, long)}, with a payload that is written in place. */
    public void send(int length, PayloadWriter writer, long timeoutMs) {
        send(FrameFlyweight.KIND_DATA, length, writer, timeoutMs);
    }

    /** Tells the other side what was received on the stream of the other direction. */
    public void sendReceipt(StreamReceipt receipt, long timeoutMs) {
        sendNumbers(FrameFlyweight.KIND_RECEIPT, receipt, timeoutMs);
    }

    /**
     * Sends the end of the stream; nothing can be sent after it.
     *
     * @return what was sent: all of it arrived when the receiver's receipt is equal
     */
    public StreamReceipt finish(long timeoutMs) {
        StreamReceipt sent = tally.receipt();
        sendNumbers(FrameFlyweight.KIND_END, sent, timeoutMs);
        finished = true;
        return sent;
    }

    /** What has been sent so far. */
    public StreamReceipt sent() {
        return tally.receipt();
    }

    /** Closes the stream. Without {@link #finish} before, the receiver takes it as broken. */
    @Override
    public void close() {
        publication.close();
    }

    private void sendNumbers(byte kind, StreamReceipt receipt, long timeoutMs) {
        send(
                kind,
                FrameFlyweight.RECEIPT_LENGTH,
                (buffer, offset) -> FrameFlyweight.putReceipt(buffer, offset, receipt),
                timeoutMs);
    }

    private void send(byte kind, int length, PayloadWriter writer, long timeoutMs) {
        long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        idle.reset();
        while (!offer(kind, length, writer)) {
            pause(deadlineNs, connectedOnce ? Reason.TIMEOUT : Reason.NOT_CONNECTED, timeoutMs);
        }
    }

    private void pause(long deadlineNs, Reason reason, long timeoutMs) {
        if (Thread.interrupted()) {
            Thread.currentThread().interrupt();
            throw new StreamException(Reason.INTERRUPTED, "interrupted while sending on " + session);
        }
        if (System.nanoTime() - deadlineNs >= 0) {
            String what = reason == Reason.TIMEOUT ? " took nothing for " : " has no receiver after ";
            throw new StreamException(reason, session + what + timeoutMs + " ms");
        }
        idle.idle();
    }

    private boolean offer(byte kind, int length, PayloadWriter writer) {
        if (finished) {
            throw new StreamException(Reason.CLOSED, session + " was finished before");
        }
        if (length < 0 || length > maxPayloadBytes()) {
            throw new StreamException(
                    Reason.TOO_LARGE,
                    "a frame of " + length + " bytes is over the " + maxPayloadBytes() + " that " + session
                            + " carries");
        }
        int frameLength = FrameFlyweight.HEADER_LENGTH + length;
        return frameLength <= publication.maxPayloadLength()
                ? claimed(kind, length, frameLength, writer)
                : composed(kind, length, frameLength, writer);
    }

    private boolean claimed(byte kind, int length, int frameLength, PayloadWriter writer) {
        if (!accepted(publication.tryClaim(frameLength, claim))) {
            return false;
        }
        int checksum;
        try {
            writer.write(claim.buffer(), claim.offset() + FrameFlyweight.HEADER_LENGTH);
            checksum = frame.seal(claim.buffer(), claim.offset(), kind, session.token(), sequence, length);
        } catch (RuntimeException e) {
            claim.abort();
            throw e;
        }
        claim.commit();
        count(kind, length, checksum);
        return true;
    }

    private boolean composed(byte kind, int length, int frameLength, PayloadWriter writer) {
        if (large == null) {
            large = new UnsafeBuffer(ByteBuffer.allocateDirect(publication.maxMessageLength()));
        }
        if (publication.availableWindow() < frameLength && connectedOnce && publication.isConnected()) {
            return false;
        }
        writer.write(large, FrameFlyweight.HEADER_LENGTH);
        int checksum = frame.seal(large, 0, kind, session.token(), sequence, length);
        if (!accepted(publication.offer(large, 0, frameLength))) {
            return false;
        }
        count(kind, length, checksum);
        return true;
    }

    private void count(byte kind, int length, int checksum) {
        sequence++;
        if (kind == FrameFlyweight.KIND_DATA) {
            tally.add(length, checksum);
        }
    }

    /** Whether Aeron took the frame; false when it may take it later. */
    private boolean accepted(long position) {
        if (position > 0) {
            connectedOnce = true;
            return true;
        }
        if (position == Publication.NOT_CONNECTED) {
            if (connectedOnce) {
                throw new StreamException(Reason.PEER_GONE, "the receiver of " + session + " is gone");
            }
            return false;
        }
        if (position == Publication.CLOSED) {
            throw closed();
        }
        if (position == Publication.MAX_POSITION_EXCEEDED) {
            throw new StreamException(Reason.CLOSED, session + " has carried all that one stream can; open another");
        }
        connectedOnce = true;
        return false;
    }

    private StreamException closed() {
        return new StreamException(Reason.CLOSED, session + " is closed here, or its media driver is gone");
    }

    /** Copies from a buffer; reused, so that sending allocates nothing. */
    private static final class CopyWriter implements PayloadWriter {
        private DirectBuffer source;
        private int sourceOffset;
        private int length;

        CopyWriter from(DirectBuffer from, int offset, int bytes) {
            from.boundsCheck(offset, bytes);
            source = from;
            sourceOffset = offset;
            length = bytes;
            return this;
        }

        @Override
        public void write(MutableDirectBuffer buffer, int offset) {
            buffer.putBytes(offset, source, sourceOffset, length);
        }
    }
}
